"""The published models as ONNX graphs with the weights that polyascan converts."""

from . import aparent2, deerect, polyaid, pysster

__all__ = ["aparent2", "deerect", "polyaid", "pysster"]
