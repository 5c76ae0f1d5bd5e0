"""What a network looked at: maps of attribution, and tests whether to believe them.

=====================================  ====================================================
module                                 what it answers
=====================================  ====================================================
`explanation.attributing`              which pixels of these images speak for that class
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
    from skysieve.explanation.attribution import Attribution
    from skysieve.explanation.randomisation import randomised_network
    from skysieve.explanation.registry import EXPLAINERS, build_explainer

_HOMES = {
    "EXPLAINERS": "registry",
    "Attribution": "attribution",
    "MaskAgreement": "agreement",
    "attribute": "attributing",
    "build_explainer": "registry",
    "mask_agreement": "agreement",
    "randomised_network": "randomisation",
}

__all__ = [
    "EXPLAINERS",
    "Attribution",
    "MaskAgreement",
    "attribute",
    "build_explainer",
    "mask_agreement",
    "randomised_network",
]

__getattr__ = lazy_names(__name__, _HOMES)
