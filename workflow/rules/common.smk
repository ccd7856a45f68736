# The configuration, checked, and what the rules of scan and of variants share.

import shlex

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

if not config:
    raise WorkflowError(
        "no configuration: copy workflow/config/config.yaml, change it, and give it with --configfile"
    )
validate(config, schema="../schemas/config.schema.yaml")

RESULTS = config["results"].rstrip("/")
SCANS = config["scan"]["samples"]
CALLSETS = config["variants"]["samples"]
TABLES = config["precompute"]["samples"]

if not SCANS and not CALLSETS and not TABLES:
    raise WorkflowError(
        "the configuration names no sample: scan.samples, variants.samples and precompute.samples are empty"
    )
for name, callset in CALLSETS.items():
    if "precomputed" in callset and callset["precomputed"] not in TABLES:
        raise WorkflowError(
            f"variants.samples.{name}: precomputed names {callset['precomputed']}, which precompute.samples lacks"
        )


wildcard_constraints:
    sample="[A-Za-z0-9_-]+",
    shard=r"\d+",
    shards=r"\d+",


def shards_of(sample):
    return sample.get("shards", config["shards"])


def shard_files(samples, folder):
    """All shards of a sample, in order."""

    def files(wildcards):
        count = shards_of(samples[wildcards.sample])
        name = f"{RESULTS}/{folder}/shards/{wildcards.sample}.{{shard}}-of-{count}.shard"
        return expand(name, shard=range(1, count + 1))

    return files


def given(samples, key):
    """An input file of a sample, or none where it has none."""
    return lambda wildcards: samples[wildcards.sample].get(key, [])


def annotation(wildcards, input):
    return f"--annotation {shlex.quote(input.annotation)}" if input.annotation else ""


def options(samples):
    """Further options of a sample."""
    return lambda wildcards: samples[wildcards.sample].get("options", "")


def mem_mb(wildcards, attempt):
    return attempt * config["mem_mb"]


def runtime(wildcards, attempt):
    return attempt * config["runtime"]


# The same arithmetic on every node: shards that differ in it are not merged.
SAME_ON_EVERY_NODE = f"--simd {config['simd']} --device {config['device']}"
