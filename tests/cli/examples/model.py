"""What the examples of ``skysieve model`` need in their folder, what they say, and what they leave."""

EXPECTED = {
    "skysieve model show braai-weak": {"says": r"(?s)# braai.*## Limits.*identity +[0-9a-f]{64}"},
    "skysieve model check braai-weak": {"says": r"passed  agreement: ONNX and PyTorch differ by"},
    "skysieve model import-keras braai.weights.h5 --norm l2-per-cutout -o imported/": {
        "says": r"^braai: imported \([0-9a-f]{12}\)",
        "needs": "braai.weights.h5",
        "leaves": "imported/model.onnx imported/model.json",
    },
    "skysieve model import-keras sl.weights.h5 --family sl --network vgg4 -o sl-vgg4/": {
        "says": r"^sl: sl-vgg4 \([0-9a-f]{12}\)",
        "needs": "sl.weights.h5",
        "leaves": "sl-vgg4/model.onnx sl-vgg4/model.json",
    },
}
