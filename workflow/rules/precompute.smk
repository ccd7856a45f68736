# The effects of every SNV and 1-nt deletion around known sites, which runs over variants look up.

PRECOMPUTED_FILES = [
    f"{RESULTS}/precomputed/{name}/precompute.{shard}-of-{shards_of(tables)}.summary.json"
    for name, tables in TABLES.items()
    for shard in range(1, shards_of(tables) + 1)
]


def sites(wildcards, input):
    return " ".join(f"--sites {shlex.quote(file)}" for file in input.sites)


rule precompute_shard:
    input:
        fasta=given(TABLES, "fasta"),
        annotation=given(TABLES, "annotation"),
        sites=given(TABLES, "sites"),
    output:
        f"{RESULTS}/precomputed/{{sample}}/precompute.{{shard}}-of-{{shards}}.summary.json",
    log:
        f"{RESULTS}/logs/precomputed/{{sample}}.{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/precomputed/{{sample}}.{{shard}}-of-{{shards}}.tsv"
    retries: config["retries"]
    conda:
        "../envs/polyascan.yaml"
    threads: config["threads"]
    resources:
        mem_mb=mem_mb,
        runtime=runtime,
    params:
        program=config["program"],
        folder=lambda wildcards: f"{RESULTS}/precomputed/{wildcards.sample}",
        annotation=annotation,
        sites=sites,
        options=options(TABLES),
        node=SAME_ON_EVERY_NODE,
    shell:
        # A job that is tried again goes on at the first table that is not there.
        "{params.program:q} precompute --fasta {input.fasta:q} {params.annotation} {params.sites}"
        " --shard {wildcards.shard}/{wildcards.shards} --threads {threads}"
        " {params.node} {params.options} --output {params.folder:q} 2>> {log:q}"
