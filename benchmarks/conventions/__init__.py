"""Whether λ means in Keras, PyTorch and scikit-learn what it means here."""
