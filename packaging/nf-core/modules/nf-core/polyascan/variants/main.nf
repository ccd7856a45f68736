process POLYASCAN_VARIANTS {
    tag "$meta.id"
    label 'process_high'

    conda "${moduleDir}/environment.yml"
    container "${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?
        'https://depot.galaxyproject.org/singularity/polyascan:0.1.0--0':
        'biocontainers/polyascan:0.1.0--0' }"

    input:
    tuple val(meta) , path(vcf)
    tuple val(meta2), path(fasta)
    tuple val(meta3), path(annotation)

    output:
    tuple val(meta), path("${prefix}.vcf.gz")           , emit: vcf
    tuple val(meta), path("${prefix}.vcf.gz.{tbi,csi}") , emit: index
    tuple val(meta), path("${prefix}.tsv.gz")           , emit: tsv
    tuple val(meta), path("${prefix}.summary.json")     , emit: summary
    tuple val(meta), path("*_mqc.json")                 , emit: mqc
    path "versions.yml"                                 , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}.polya"
    def genes = annotation ? "--annotation ${annotation}" : ''
    if ("$vcf" == "${prefix}.vcf.gz") error "Input and output names are the same, set prefix in module configuration to disambiguate!"
    """
    polyascan variants \\
        $vcf \\
        --fasta $fasta \\
        $genes \\
        $args \\
        --write-index \\
        --tsv ${prefix}.tsv.gz \\
        --multiqc \\
        --no-splice-cache \\
        --threads $task.cpus \\
        --output ${prefix}.vcf.gz

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        polyascan: \$(polyascan --version | sed 's/.* //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}.polya"
    """
    echo | gzip > ${prefix}.vcf.gz
    echo | gzip > ${prefix}.tsv.gz
    touch ${prefix}.vcf.gz.tbi ${prefix}.summary.json ${prefix}.polyascan_variants_mqc.json

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        polyascan: \$(polyascan --version | sed 's/.* //')
    END_VERSIONS
    """
}
