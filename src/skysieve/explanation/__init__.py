"""What a network looked at: maps of attribution, and tests whether to believe them.

=====================================  ====================================================
module                                 what it answers
=====================================  ====================================================
`explanation.attributing`              which pixels of these images speak for that class
`explanation.attributing_sequences`    which points of these light curves, or frames of these sequences
`explanation.saliency`                 ... by the gradient of the logit
`explanation.integrated_gradients`     ... by gradients summed up from a baseline to the image
`explanation.grad_cam`                 ... by the last layer that still knows places
`explanation.agreement`                do maps point at what is known to be the object
`explanation.randomisation`            do maps change when the network forgets what it learned
=====================================  ====================================================

Importing this package imports none of them; they need ``pip install 'skysieve[train]'``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

if TYPE_CHECKING:
    from skysieve.explanation.agreement import MaskAgreement, mask_agreement
    from skysieve.explanation.attributing import attribute
    from skysieve.explanation.attributing_sequences import SequenceAttribution, attribute_sequences
    from skysieve.explanation.attribution import Attribution
    from skysieve.explanation.randomisation import randomised_network
    from skysieve.explanation.registry import EXPLAINERS, build_explainer
    from skysieve.explanation.sequence_registry import SEQUENCE_EXPLAINERS, build_sequence_explainer

_HOMES = {
    "EXPLAINERS": "registry",
    "Attribution": "attribution",
    "MaskAgreement": "agreement",
    "SEQUENCE_EXPLAINERS": "sequence_registry",
    "SequenceAttribution": "attributing_sequences",
    "attribute": "attributing",
    "attribute_sequences": "attributing_sequences",
    "build_explainer": "registry",
    "build_sequence_explainer": "sequence_registry",
    "mask_agreement": "agreement",
    "randomised_network": "randomisation",
}

__all__ = [
    "EXPLAINERS",
    "SEQUENCE_EXPLAINERS",
    "Attribution",
    "MaskAgreement",
    "SequenceAttribution",
    "attribute",
    "attribute_sequences",
    "build_explainer",
    "build_sequence_explainer",
    "mask_agreement",
    "randomised_network",
]

__getattr__ = lazy_names(__name__, _HOMES)
