# The source of polyascan.ipynb and docs/NOTEBOOK.md: `make notebook` runs it.

# %% [markdown]
# # polyascan in a notebook
#
# From a genome to its polyA sites, one site nucleotide by nucleotide, and what variants do to it. The genome is simulated, so
# that everything can be run again as it stands.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polyascan

folder = Path("notebook-data")
polyascan.run("simulate", "--length", "100000", "--sites", "24", "--seed", "7", "--quiet", "-o", folder)
sorted(path.name for path in folder.iterdir())

# %% [markdown]
# ## Sites of a genome
#
# `polyascan.scan` is the command `polyascan scan`: its options are arguments, its table is a DataFrame.

# %%
sites = polyascan.scan(folder / "genome.fa", annotation=folder / "genes.gtf")
columns = ["chrom", "end", "strand", "posterior", "signal", "signal_offset", "gene", "feature", "strength", "expressed"]
sites.sort_values("posterior", ascending=False)[columns].head(8)

# %% [markdown]
# How far are they from the sites that were planted?

# %%
truth = pd.read_csv(folder / "truth.bed", sep="\t", header=None, comment="#", usecols=[0, 1, 5], names=["chrom", "start", "strand"])


def distance(site):
    planted = truth[(truth.chrom == site.chrom) & (truth.strand == site.strand)]
    return (planted.start - site.start).abs().min()


nearest = sites.apply(distance, axis=1)
print(f"{len(truth)} sites were planted, {(nearest <= 24).sum()} of {len(sites)} calls lie within 24 nt of one")
print(f"median distance of these: {nearest[nearest <= 24].median():.0f} nt")

# %% [markdown]
# ## One site
#
# A model by itself scores sequences; what comes back are arrays, a row per strand.

# %%
best = sites.sort_values("strength", ascending=False).iloc[0]
letters = "".join(line for line in (folder / "genome.fa").read_text().splitlines() if not line.startswith(">"))
model = polyascan.Model("default")
row = 0 if best.strand == "+" else 1
around = slice(best.start - 300, best.start + 300)
scores = model.scan(letters[around])

figure, (upper, lower) = plt.subplots(2, sharex=True, figsize=(8, 3.2))
positions = np.arange(around.start, around.stop)
upper.plot(positions, scores.probability[row], color="#0072b2")
upper.set_ylabel("probability")
lower.fill_between(positions, np.nan_to_num(scores.cleavage[row]), color="#c85500")
lower.set_ylabel("cleavage")
lower.set_xlabel(f"position on {best.chrom} ({best.strand} strand)")
figure.tight_layout()

# %% [markdown]
# ## Every nucleotide of it
#
# `predict` takes many windows at once, as texts or as an array. Here are all 3 x 100 single changes around the site, each in
# its own window, in transcript direction.

# %%
bases = "ACGT"
window = letters[best.start - 120 : best.start + 120]
if best.strand == "-":
    window = letters[best.start - 119 : best.start + 121][::-1].translate(str.maketrans("ACGT", "TGCA"))
codes = np.array([bases.index(letter) for letter in window], dtype=np.uint8)
places = np.arange(60, 160)
changed = np.repeat(codes[None], len(places) * 4, axis=0)
changed[np.arange(len(changed)), np.repeat(places, 4)] = np.tile(np.arange(4), len(places))
probability = model.predict(changed)["probability"].reshape(len(places), 4)
odds = np.log2(probability / (1 - probability))
effect = odds - odds[np.arange(len(places)), codes[places]][:, None]

figure, axes = plt.subplots(figsize=(8, 1.9))
image = axes.imshow(effect.T, aspect="auto", cmap="RdBu", vmin=-6, vmax=6, extent=(-60.5, 39.5, 3.5, -0.5))
axes.set_yticks(range(4), bases)
axes.set_xlabel("nt from the site")
figure.colorbar(image, label="log2 odds")
figure.tight_layout()

# %%
worst = np.argsort(effect.min(axis=1))[:6]
pd.DataFrame(
    {
        "from_site": places[worst] - 120,
        "ref": [bases[codes[place]] for place in places[worst]],
        "alt": [bases[k] for k in effect[worst].argmin(axis=1)],
        "log2_odds": effect[worst].min(axis=1).round(2),
    }
).sort_values("from_site")

# %% [markdown]
# ## Variants
#
# `polyascan.variants` takes a VCF, or variants as texts; a row for each site that an allele reaches.

# %%
effects = polyascan.variants(folder / "variants.vcf", folder / "genome.fa", annotation=folder / "genes.gtf")
strong = effects[effects.consequence != "unchanged"].sort_values("delta_strength")
strong[["chrom", "pos", "ref", "allele", "gene", "site", "offset", "delta_strength", "motif", "consequence"]].head(8)

# %%
effects.groupby("allele_effect")[["pos"]].count().rename(columns={"pos": "rows"})
