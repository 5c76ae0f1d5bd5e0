"""How good is a classifier, how sure are we, and how is it told to others.

==================================  ====================================================
module                              what it answers
==================================  ====================================================
`evaluation.metrics`                how good at one threshold, and at all of them
`evaluation.intervals`              how far the figures may move with other objects
`evaluation.thresholds`             where to cut, and which split chose the cut
`evaluation.calibration`            the map from logits to probabilities, on any array
`evaluation.calibration_fitting`    which such map the validation data ask for
`evaluation.reliability`            whether a score of .8 means eight in ten
`evaluation.prevalence`             what precision becomes where a class is rarer
`evaluation.completeness`           what is found and how pure it is, by magnitude
`evaluation.evaluate`               all of the above in one call
`evaluation.plots`                  figures; `evaluation.cutout_images` shows the pixels
`evaluation.report`                 one HTML file about a model
`evaluation.night_report`           one HTML file about a night that was scored
`evaluation.sieve_judging`          members and rules of a sieve, and what they cost people
`evaluation.joint_thresholds`       where to cut several families at once
`evaluation.conformal`              which set of classes holds the truth as often as asked
`evaluation.probability_spread`     where several opinions on a sample part
`evaluation.variance_components`    the spread of seeds, and that of splits
`evaluation.label_noise`            wrong labels on purpose
`evaluation.out_of_distribution`    what is unlike all that was learned from
`evaluation.domain_shift`           how far two surveys lie apart, by scores and embeddings
`evaluation.early_classification`   how good before a light curve is complete
`evaluation.sieve_report`           one HTML file about a sieve; `sieve_night_report` a night
==================================  ====================================================

Importing this package imports none of them; scikit-learn, matplotlib and
jinja2 come with ``pip install 'skysieve[report]'``. `calibration` needs none
of the three.
"""
