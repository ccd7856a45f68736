"""The published models as ONNX graphs with the weights that polyascan converts."""
