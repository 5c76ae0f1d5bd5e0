"""Training: from labelled samples to the weights of a network.

`skysieve.training.fit.fit` trains one network, `skysieve.training.ensemble.fit_ensemble`
several that are averaged. Both take a `skysieve.training.configuration.TrainingConfig`, which
can be had without PyTorch.
"""
