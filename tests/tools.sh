#!/bin/sh
# Installs what the tests of written files read them with, and the server of objects that they read: LibreOffice, Chromium, Java,
# and Python packages in folders of their own.
# Usage: sh tests/tools.sh FOLDER, then PEERBILL_TEST_TOOLS=FOLDER cargo test ...
# Needs root for Debian's packages where they are absent. Tests whose tool is absent are skipped by name.
set -eu
folder=$1
mkdir -p "$folder"

absent=
command -v chromium >/dev/null && command -v chromedriver >/dev/null || absent="$absent chromium chromium-driver"
command -v soffice >/dev/null || absent="$absent libreoffice-calc-nogui"
# What Spark runs on, for tests of the Python package.
command -v java >/dev/null || absent="$absent default-jre-headless"
if [ -n "$absent" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    # shellcheck disable=SC2086
    apt-get -qq install -y --no-install-recommends $absent fonts-noto-cjk >/dev/null
fi

# Readers of workbooks and Parquet, and what drives the browser.
if [ ! -x "$folder/python/bin/python" ]; then
    python3 -m venv "$folder/python"
    "$folder/python/bin/pip" install --quiet --disable-pip-version-check openpyxl duckdb chdb pyarrow polars selenium
fi

# A server that speaks S3.
if [ ! -x "$folder/store/bin/python" ]; then
    python3 -m venv "$folder/store"
    "$folder/store/bin/pip" install --quiet --disable-pip-version-check 'moto[s3,server]'
fi

# The public validator of FOCUS, which needs an older pyarrow and a newer Python than the others.
if [ ! -x "$folder/focus/bin/python" ]; then
    PYENV_VERSION=${PEERBILL_PYENV_VERSION:-3.12.1} python3.12 -m venv "$folder/focus"
    "$folder/focus/bin/pip" install --quiet --disable-pip-version-check 'focus-validator==2.2.1' 'pyarrow<22'
fi
