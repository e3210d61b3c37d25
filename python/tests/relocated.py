"""Writes a jar with the Jackson of PySpark under the names by which Iceberg's runtime calls it: relocated.py JAR.

The package that the runtime comes from has taken its own out of it. A class names others by texts in its table of constants.
"""
import struct
import sys
import zipfile
from pathlib import Path

import pyspark

HERE, THERE = "com/fasterxml/jackson", "org/apache/iceberg/shaded/com/fasterxml/jackson"
# The bytes of a constant behind its tag; that of text (1) has a length, and 5 and 6 count twice.
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}


def renamed(text: bytes) -> bytes:
    for own, other in ((HERE, THERE), (HERE.replace("/", "."), THERE.replace("/", "."))):
        text = text.replace(own.encode(), other.encode())
    return text


def relocated(code: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", code, 8)
    parts, at, number = [code[:10]], 10, 1
    while number < count:
        tag = code[at]
        if tag == 1:
            (length,) = struct.unpack_from(">H", code, at + 1)
            text = renamed(code[at + 3 : at + 3 + length])
            parts.append(struct.pack(">BH", tag, len(text)) + text)
            at += 3 + length
        else:
            parts.append(code[at : at + 1 + SIZES[tag]])
            at += 1 + SIZES[tag]
        number += 2 if tag in (5, 6) else 1
    return b"".join([*parts, code[at:]])


jars = Path(pyspark.__file__).parent / "jars"
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for part in ("annotations", "core", "databind"):
        (jar,) = jars.glob(f"jackson-{part}-2.*.jar")
        with zipfile.ZipFile(jar) as own:
            for name in own.namelist():
                if name.startswith(f"{HERE}/") and not name.endswith("/"):
                    content = own.read(name)
                    out.writestr(name.replace(HERE, THERE), relocated(content) if name.endswith(".class") else content)
