# A genome in, its polyA sites out.

SCAN = config["scan"]
BED = "sites.bed.gz" if SCAN["bgzip"] else "sites.bed"
SCAN_ENDINGS = [BED]
if SCAN["bgzip"]:
    SCAN_ENDINGS.append(f"{BED}.{config['index']}")
if SCAN["tracks"]:
    SCAN_ENDINGS += [
        f"{strand}.{track}.bw" for strand in ("plus", "minus") for track in ("cleavage", "probability")
    ]
if SCAN["context"]:
    SCAN_ENDINGS += ["context.tsv", "genes.tsv"]
    for name, sample in SCANS.items():
        if "annotation" not in sample:
            raise WorkflowError(f"scan.samples.{name}: scan.context needs the sample's annotation")

SCAN_FILES = expand(
    f"{RESULTS}/scan/{{sample}}.{{ending}}",
    sample=SCANS,
    ending=SCAN_ENDINGS + ["summary.json"],
)
SCAN_OPTIONS = " ".join(f"--{key}" for key in ("tracks", "bgzip", "context") if SCAN[key])


rule scan_shard:
    input:
        fasta=given(SCANS, "fasta"),
        annotation=given(SCANS, "annotation"),
    output:
        temp(f"{RESULTS}/scan/shards/{{sample}}.{{shard}}-of-{{shards}}.shard"),
    log:
        f"{RESULTS}/logs/scan/{{sample}}.{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/scan/{{sample}}.{{shard}}-of-{{shards}}.tsv"
    retries: config["retries"]
    conda:
        "../envs/polyascan.yaml"
    threads: config["threads"]
    resources:
        mem_mb=mem_mb,
        runtime=runtime,
    params:
        program=config["program"],
        prefix=lambda wildcards: f"{RESULTS}/scan/shards/{wildcards.sample}",
        annotation=annotation,
        outputs=SCAN_OPTIONS,
        options=options(SCANS),
        node=SAME_ON_EVERY_NODE,
    shell:
        "{params.program:q} scan {input.fasta:q} {params.annotation}"
        " --shard {wildcards.shard}/{wildcards.shards} --resume --threads {threads}"
        " {params.node} {params.outputs} {params.options} --output {params.prefix:q} 2>> {log:q}"


rule scan_merge:
    input:
        shards=shard_files(SCANS, "scan"),
        fasta=given(SCANS, "fasta"),
        annotation=given(SCANS, "annotation"),
    output:
        expand(f"{RESULTS}/scan/{{{{sample}}}}.{{ending}}", ending=SCAN_ENDINGS),
        summary=report(
            f"{RESULTS}/scan/{{sample}}.summary.json",
            caption="../report/scan.rst",
            category="PolyA sites",
            labels={"sample": "{sample}"},
        ),
    log:
        f"{RESULTS}/logs/scan/{{sample}}.merge.log",
    benchmark:
        f"{RESULTS}/benchmarks/scan/{{sample}}.merge.tsv"
    retries: config["retries"]
    conda:
        "../envs/polyascan.yaml"
    threads: config["threads"]
    resources:
        mem_mb=mem_mb,
        runtime=runtime,
    params:
        program=config["program"],
        prefix=lambda wildcards: f"{RESULTS}/scan/{wildcards.sample}",
    shell:
        "{params.program:q} merge {input.shards:q} --output {params.prefix:q} 2>> {log:q}"
