#!/bin/sh
# Tests Spark with tables of Iceberg: Spark 3.5, for which a package has Iceberg's runtime. Run `sh python/check.sh` before, which
# builds the wheel. Installs 800 MB below target/iceberg; needs Java and Python 3.10 or 3.11, which that Spark runs on.
set -eu
cd "$(dirname "$0")/.."
own=target/iceberg
python=${PYTHON:-python3.11}
if [ ! -e "$own/jackson.jar" ]; then
    "$python" -m venv "$own"
    "$own/bin/pip" install --quiet --disable-pip-version-check 'pyspark>=3.5.7,<4' 'pandas<3' pyarrow pytest \
        'snowpark-connect-deps-iceberg==1.0.3'
    "$own/bin/python" python/tests/relocated.py "$own/jackson.jar"
fi
"$own/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps target/python/wheels/*.whl
runtime=$(find "$PWD/$own" -name 'iceberg-spark-runtime-3.5_2.12-*.jar')
PEERBILL_ICEBERG=$runtime,$PWD/$own/jackson.jar "$own/bin/python" -m pytest -q -p no:cacheprovider python/tests/test_iceberg.py
