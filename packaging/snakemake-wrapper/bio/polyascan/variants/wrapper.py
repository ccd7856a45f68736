__author__ = "The polyascan authors"
__license__ = "MIT"

from snakemake.shell import shell

annotation = snakemake.input.get("annotation", "")
annotation = f"--annotation {annotation}" if annotation else ""
tsv = snakemake.output.get("tsv", "")
tsv = f"--tsv {tsv}" if tsv else ""
index = "--write-index" if snakemake.output.get("index") else ""
extra = snakemake.params.get("extra", "")
log = snakemake.log_fmt_shell(stdout=False, stderr=True)

shell(
    "polyascan variants {snakemake.input.vcf} --fasta {snakemake.input.fasta} {annotation} {index} {tsv} {extra}"
    " --threads {snakemake.threads} --output {snakemake.output.vcf} {log}"
)
