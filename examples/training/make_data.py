"""Makes the two data sets of these examples from the digits that scikit-learn carries within itself.

    python3 make_data.py

digits.npz         X (1797 x 64, uint8, 0 to 16) and y (1797, the digit)
digit-images.zip   the same as pictures of 8 x 8, one file each, in a folder for each digit

Equal input makes equal files, so nothing changes when it is run again.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

HERE = Path(__file__).parent


def main():
    digits = load_digits()
    features = digits.data.astype(np.uint8)
    labels = digits.target.astype(np.int64)
    np.savez_compressed(HERE / "digits.npz", X=features, y=labels)
    with zipfile.ZipFile(HERE / "digit-images.zip", "w") as archive:
        for index, (row, label) in enumerate(zip(features, labels)):
            picture = io.BytesIO()
            shades = (row.astype(np.uint16) * 255 // 16).astype(np.uint8)
            Image.fromarray(shades.reshape(8, 8)).save(picture, "PNG")
            entry = zipfile.ZipInfo(f"{label}/{index:04}.png", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, picture.getvalue())


main()
