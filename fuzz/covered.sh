#!/bin/sh
# Called by cargo in place of rustc. Readers are compiled with coverage; oracles and what they need are not, because that
# would cost most of the time and teach the fuzzer nothing.
case " $* " in
*" --target "*) ;;
*) exec "$@" ;;
esac
case " $* " in
*" --crate-name peerbill "* | *" --crate-name parquet "* | *" --crate-name serde_json "* | *" --crate-name toml_parser "*)
    exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1
    ;;
*) exec "$@" ;;
esac
