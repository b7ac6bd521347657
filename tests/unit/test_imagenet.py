"""ImageNet weights: those of the quantised MobileNetV2 answer as the file itself does."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data
from skimage.transform import resize

from fetal_model.dataset.manifest import shared_folder

FILE = shared_folder() / "pretrained" / "mobilenet_v2" / "mobilenet_v2_1.0_224_quant.tflite"
needs_file = pytest.mark.skipif(not FILE.is_file(), reason="no pretrained/mobilenet_v2 at hand")


def grey_cats() -> np.ndarray:
    """Eight parts of a photograph, grey levels in [0, 255]."""
    whole = resize(data.chelsea(), (300, 450), preserve_range=True)[..., 1]
    corners = np.random.default_rng(0).integers(0, 76, (8, 2))
    return np.stack([whole[y : y + 224, x : x + 224] for y, x in corners])[..., None].astype("f")


@needs_file
def test_batch_norm_is_given_back_what_was_folded_into_convolutions() -> None:
    """Else the network would forget everything in its first training step."""
    import keras
    import tensorflow as tf

    from fetal_model.architectures.backbones import backbone
    from fetal_model.training.imagenet import load_imagenet

    model, scans = backbone("mobilenet_v2"), grey_cats()
    load_imagenet(model, "mobilenet_v2", tf.data.Dataset.from_tensors(scans))
    features = keras.Model(model.input, model.get_layer("average").output)
    serving, training = (np.asarray(features(scans, training=on)) for on in (False, True))
    assert np.corrcoef(serving.ravel(), training.ravel())[0, 1] > 0.99
    assert np.abs(serving - training).mean() < 0.05 * serving.mean()


@needs_file
def test_dequantised_it_names_the_same_things() -> None:
    import keras
    import tensorflow as tf

    from fetal_model.architectures.backbones import backbone
    from fetal_model.training.imagenet import load_imagenet, read_tflite

    model = backbone("mobilenet_v2")
    load_imagenet(model, "mobilenet_v2", tf.data.Dataset.from_tensors(grey_cats()))
    network = keras.Model(model.get_layer("as_imagenet").output, model.get_layer("average").output)
    kernel, bias = read_tflite(FILE)[-1]  # the classifier, which a backbone leaves out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(str(FILE))
    interpreter.allocate_tensors()
    for picture in (data.chelsea(), data.coffee(), data.rocket()):
        pixels = resize(picture, (224, 224), preserve_range=True).astype(np.uint8)[np.newaxis]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels)
        interpreter.invoke()
        expected = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        found = np.asarray(network(pixels / np.float32(127.5) - 1))[0] @ kernel[0, 0] + bias
        assert found.argmax() == expected.argmax()
        shares = np.exp(found - np.logaddexp.reduce(found))
        assert shares.max() == pytest.approx(expected.max() / 256, abs=0.05)


def test_weights_go_by_order_as_names_are_counted(randomise: Callable[[Any, int], Any]) -> None:
    import keras

    from fetal_model.architectures.backbones import BACKBONES, backbone
    from fetal_model.training.imagenet import hand_over

    known = BACKBONES["mobilenet_v3"]
    options = {"weights": None, "input_shape": (64, 64, 3), **dict(known.options)}
    base = randomise(known.build(include_top=False, **options), 1)
    model = backbone("mobilenet_v3", size=(64, 64))
    features = keras.Model(model.input, model.get_layer("features").output)
    grey = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 1)).astype(np.float32)
    expected = np.asarray(base(np.repeat(grey, 3, axis=-1) / np.float32(127.5) - 1))
    close = 1e-4 * expected.max()
    assert not np.allclose(features(grey), expected, atol=close)
    hand_over(base, model)
    assert np.allclose(features(grey), expected, atol=close)


def test_where_there_are_none_it_is_said_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fetal_model.architectures import backbones
    from fetal_model.training.imagenet import WeightsUnavailable, load_imagenet

    def offline(**_: Any) -> None:
        raise OSError("no route to host")

    offline.__name__ = "VGG16"
    monkeypatch.setenv("FETAL_SHARED", str(tmp_path))
    known = backbones.BACKBONES["vgg16"]
    monkeypatch.setitem(backbones.BACKBONES, "vgg16", replace(known, build=offline))
    with pytest.raises(WeightsUnavailable) as error:
        load_imagenet(None, "vgg16", None)  # type: ignore[arg-type]
    for part in ("vgg16", "keras.applications.VGG16", str(tmp_path / "pretrained" / "vgg16")):
        assert part in str(error.value)
