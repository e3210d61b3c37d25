#!/bin/sh
# Builds the wheel of the Python package and tests it on the oldest and the newest Python that are here, 3.10 at least.
# Tools and the libraries that tests use are installed below target/.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
program=${PEERBILL_PROGRAM:-$target/release/peerbill}
case $program in /*) ;; *) program=$PWD/$program ;; esac

# The path of a Python of this minor version, whatever shim stands before it; nothing where there is none.
python_of() {
    version=$(pyenv versions --bare 2>/dev/null | grep "^3\.$1\." | tail -n 1) || version=
    PYENV_VERSION=$version "python3.$1" -c 'import sys, venv; print(sys.executable)' 2>/dev/null || true
}

pythons=
for minor in 10 11 12 13 14; do
    found=$(python_of "$minor")
    pythons="$pythons${found:+ $found}"
done
if [ -z "$pythons" ]; then
    echo "skipped: no Python from 3.10 on is here"
    exit 0
fi
oldest=${pythons# }
oldest=${oldest%% *}
newest=${pythons##* }

tools=target/python
"$oldest" -m venv "$tools/build"
"$tools/build/bin/pip" install --quiet --disable-pip-version-check 'maturin>=1.9.4,<2'
rm -rf "$tools/wheels"
# What is our own is not optimised a second time: tests look at what comes out, not at how fast.
"$tools/build/bin/maturin" build --quiet --locked --release --manifest-path python/Cargo.toml --out "$tools/wheels" \
    --config profile.release.package.peerbill.opt-level=0 --config profile.release.package.peerbill.codegen-units=16

[ "$oldest" = "$newest" ] && newest=
for python in $oldest $newest; do
    own="$tools/$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    "$python" -m venv --clear "$own"
    "$own/bin/pip" install --quiet --disable-pip-version-check "$tools"/wheels/*.whl \
        mypy pytest polars pyarrow pandas duckdb
    "$own/bin/python" --version
    PEERBILL_PROGRAM=$program "$own/bin/python" -m pytest -q -p no:cacheprovider python/tests \
        --ignore python/tests/test_spark.py
done

# Spark once, with one of them.
if command -v java >/dev/null || [ "${PEERBILL_TOOLS:-}" = required ]; then
    "$own/bin/pip" install --quiet --disable-pip-version-check 'pyspark>=4.3,<5'
    "$own/bin/python" -m pytest -q -p no:cacheprovider python/tests/test_spark.py
else
    echo "skipped: no Java is here, which Spark runs on: python/tests/test_spark.py"
fi
