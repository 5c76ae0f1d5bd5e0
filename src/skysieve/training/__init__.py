"""Training: from labelled samples to the weights of a network.

`skysieve.training.fit.fit` trains one network, `skysieve.training.kfold.fit_folds`
one for each fold, `skysieve.training.ensemble.fit_ensemble` several that are
averaged. All take a `skysieve.training.configuration.TrainingConfig`, which
can be had without PyTorch.
"""
