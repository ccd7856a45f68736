"""Whether a scan says the same as a framework that evaluates each window by itself."""

import numpy as np
import pybigtools

from . import polyaid

TOLERANCES = {"probability": 1e-5, "logit": 1e-4, "cleavage": 1e-5}
# The cleavage vector's centre, and how far from it a kept window counts (exclusive).
CENTRE, REACH = 25, 25


def logit(p):
    p = p.astype(np.float64)
    return np.log(p) - np.log1p(-p)


def consolidated(probability, cleavage):
    """The mean at each position of the cleavage vectors of the windows that pass 0.5 and cover it."""
    total, count = np.zeros(len(probability)), np.zeros(len(probability))
    for window in np.flatnonzero(probability > 0.5):
        away = np.arange(max(1 - REACH, -window), min(REACH, len(probability) - window))
        total[window + away] += cleavage[window, CENTRE + away]
        count[window + away] += 1
    return total / np.maximum(count, 1)


def differences(prefix, contig, theirs):
    """The largest differences between the tracks of a scan of a contig's plus strand and a framework's
    classification and cleavage vectors of all windows. Logits are compared where single precision
    resolves them; of cleavage, what consolidation makes of it without thresholds of its own."""
    probability, cleavage = theirs[0][:, 0], consolidated(theirs[0][:, 0], theirs[1])
    centres = slice(polyaid.LENGTH // 2, polyaid.LENGTH // 2 + len(probability))

    def track(kind):
        return pybigtools.open(f"{prefix}.plus.{kind}.bw").values(contig)[centres]

    ours, clear = track("probability"), (probability > 0.01) & (probability < 0.99)
    found = {
        "probability": ours - probability,
        "logit": (logit(ours) - logit(probability))[clear],
        "cleavage": track("cleavage") - cleavage,
    }
    return {output: float(np.abs(off).max()) for output, off in found.items()}


def failures(name, found):
    """Says which differences are too large; NaN is."""
    for output, largest in found.items():
        if not largest <= TOLERANCES[output]:
            yield f"{name}: {output} is off by {largest:.1e} (> {TOLERANCES[output]:g})"
