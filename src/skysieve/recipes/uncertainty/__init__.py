"""How sure a figure is, and a single score: one module a question, on any recipe of one model.

============================  ==========================================================================
module                        what it answers
============================  ==========================================================================
`uncertainty.bootstrap`       how far figures move with other test samples, and with other training samples
`uncertainty.splits`          how far they move with the seed, and with the split
`uncertainty.label_noise`     what wrong labels cost
`uncertainty.conformal`       sets of classes that hold the truth as often as asked
`uncertainty.opinions`        how far dropout passes, or members, disagree about a sample
`uncertainty.strangers`       which samples are unlike all that was learned from
============================  ==========================================================================
"""
