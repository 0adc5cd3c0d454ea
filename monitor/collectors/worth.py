"""Files that hold no text, told by their names: not fetched, and counted.

Only endings whose formats are binary by definition. An archive or an office file is no such: the matcher opens it.
"""

from __future__ import annotations

from typing import Final

_ENDINGS: Final = {
    "media": "3gp aac aif avi avif bmp flac flv gif heic ico jpeg jpg m4a m4v mkv mov mp3 mp4 mpeg mpg oga ogg ogv opus png psd tga tif"
    " tiff wav weba webm webp wmv xcf",
    "font": "eot otf ttc ttf woff woff2",
    "compiled": "a class dll dylib elc exe lib o obj pdb pyc pyd pyo rlib so wasm",
    "model": "blend ckpt fbx glb gguf h5 npy npz onnx pt pth safetensors stl tflite",
}
_REASONS: Final = {ending: reason for reason, endings in _ENDINGS.items() for ending in endings.split()}


def no_text(path: str) -> str:
    """The reason why nothing can be read in a file of that name, "" when something can: `media`, `font`, `compiled`, `model`."""
    stem, _, ending = path.rpartition("/")[2].rpartition(".")
    return _REASONS.get(ending.lower(), "") if stem else ""
