__author__ = "The polyascan authors"
__license__ = "MIT"

from snakemake.shell import shell

sites = snakemake.output.sites
for ending in (".sites.bed.gz", ".sites.bed"):
    if sites.endswith(ending):
        prefix = sites.removesuffix(ending)
        break
else:
    raise ValueError(f"output.sites must end in .sites.bed or .sites.bed.gz: {sites}")

bgzip = "--bgzip" if sites.endswith(".gz") else ""
annotation = snakemake.input.get("annotation", "")
annotation = f"--annotation {annotation}" if annotation else ""
catalogues = snakemake.input.get("sites", [])
catalogues = [catalogues] if isinstance(catalogues, str) else catalogues
known = " ".join(f"--sites {catalogue}" for catalogue in catalogues)
extra = snakemake.params.get("extra", "")
log = snakemake.log_fmt_shell(stdout=False, stderr=True)

shell(
    "polyascan scan {snakemake.input.fasta} {annotation} {known} {bgzip} {extra}"
    " --threads {snakemake.threads} --output {prefix} {log}"
)
