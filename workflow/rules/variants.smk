# A VCF in, the same with the effects of its variants on polyA sites out.

VARIANTS = config["variants"]
FORMAT = VARIANTS["format"]
# polyascan indexes BCF as .csi, whatever the length of the contigs.
VARIANT_ENDINGS = [FORMAT, f"{FORMAT}.{config['index'] if FORMAT == 'vcf.gz' else 'csi'}"]
if VARIANTS["table"]:
    VARIANT_ENDINGS.append("tsv.gz")

VARIANT_FILES = expand(
    f"{RESULTS}/variants/{{sample}}.{{ending}}",
    sample=CALLSETS,
    ending=VARIANT_ENDINGS + ["summary.json"],
)


def tables_of(wildcards):
    """All shards of the precomputed effects that a sample looks up, or none."""
    name = CALLSETS[wildcards.sample].get("precomputed")
    return [file for file in PRECOMPUTED_FILES if file.startswith(f"{RESULTS}/precomputed/{name}/")]


def precomputed(wildcards):
    name = CALLSETS[wildcards.sample].get("precomputed")
    return f"--precomputed {shlex.quote(f'{RESULTS}/precomputed/{name}')}" if name else ""


rule variants_shard:
    input:
        tables=tables_of,
        vcf=given(CALLSETS, "vcf"),
        fasta=given(CALLSETS, "fasta"),
        annotation=given(CALLSETS, "annotation"),
    output:
        temp(f"{RESULTS}/variants/shards/{{sample}}.{{shard}}-of-{{shards}}.shard"),
    log:
        f"{RESULTS}/logs/variants/{{sample}}.{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/variants/{{sample}}.{{shard}}-of-{{shards}}.tsv"
    retries: config["retries"]
    conda:
        "../envs/polyascan.yaml"
    threads: config["threads"]
    resources:
        mem_mb=mem_mb,
        runtime=runtime,
    params:
        program=config["program"],
        name=lambda wildcards: f"{RESULTS}/variants/shards/{wildcards.sample}.{FORMAT}",
        annotation=annotation,
        precomputed=precomputed,
        options=options(CALLSETS),
        node=SAME_ON_EVERY_NODE,
    shell:
        "{params.program:q} variants {input.vcf:q} --fasta {input.fasta:q} {params.annotation}"
        " {params.precomputed} --shard {wildcards.shard}/{wildcards.shards} --resume --threads {threads}"
        " {params.node} {params.options} --output {params.name:q} 2>> {log:q}"


rule variants_merge:
    input:
        shards=shard_files(CALLSETS, "variants"),
    output:
        expand(f"{RESULTS}/variants/{{{{sample}}}}.{{ending}}", ending=VARIANT_ENDINGS),
        summary=report(
            f"{RESULTS}/variants/{{sample}}.summary.json",
            caption="../report/variants.rst",
            category="Effects of variants",
            labels={"sample": "{sample}"},
        ),
    log:
        f"{RESULTS}/logs/variants/{{sample}}.merge.log",
    benchmark:
        f"{RESULTS}/benchmarks/variants/{{sample}}.merge.tsv"
    retries: config["retries"]
    conda:
        "../envs/polyascan.yaml"
    threads: config["threads"]
    resources:
        mem_mb=mem_mb,
        runtime=runtime,
    params:
        program=config["program"],
        name=lambda wildcards: f"{RESULTS}/variants/{wildcards.sample}.{FORMAT}",
        table=lambda wildcards: (
            f"--tsv {RESULTS}/variants/{wildcards.sample}.tsv.gz" if VARIANTS["table"] else ""
        ),
    shell:
        "{params.program:q} merge {input.shards:q} --write-index {params.table}"
        " --output {params.name:q} 2>> {log:q}"
