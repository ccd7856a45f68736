process POLYASCAN_SCAN {
    tag "$meta.id"
    label 'process_high'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/polyascan:0.1.0--0':
        'biocontainers/polyascan:0.1.0--0' }"

    input:
    tuple val(meta), path(fasta), path(annotation)

    output:
    tuple val(meta), path("*.sites.bed.gz")            , emit: bed
    tuple val(meta), path("*.sites.bed.gz.{tbi,csi}")  , emit: index
    tuple val(meta), path("*.bw")                      , emit: tracks , optional: true
    tuple val(meta), path("*.context.tsv")             , emit: context, optional: true
    tuple val(meta), path("*.genes.tsv")               , emit: genes  , optional: true
    tuple val(meta), path("*.summary.json")            , emit: summary
    tuple val(meta), path("*_mqc.json")                , emit: mqc
    path "versions.yml"                                , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def prefix = task.ext.prefix ?: "${meta.id}"
    def genes = annotation ? "--annotation ${annotation}" : ''
    """
    polyascan scan \\
        $fasta \\
        $genes \\
        $args \\
        --bgzip \\
        --multiqc \\
        --no-splice-cache \\
        --threads $task.cpus \\
        --output $prefix

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        polyascan: \$(polyascan --version | sed 's/.* //')
    END_VERSIONS
    """

    stub:
    def prefix = task.ext.prefix ?: "${meta.id}"
    """
    echo | gzip > ${prefix}.sites.bed.gz
    touch ${prefix}.sites.bed.gz.tbi ${prefix}.summary.json ${prefix}.polyascan_scan_mqc.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        polyascan: \$(polyascan --version | sed 's/.* //')
    END_VERSIONS
    """
}
