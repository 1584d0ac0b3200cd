"""The network: its layers, their parameters, and the forward and backward passes."""
