# Sourced by serve, check and test: makes .venv, installs a requirements file when it changed.
# shellcheck shell=sh

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Python 3.11 or later: $PYTHON, else the first one found.
find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "Python 3.11 or later is needed; found: $(python3 --version 2>&1 || true)." \
        "Install it, or name it: PYTHON=/path/to/python3.12 $0"
}

# The stamp holds what was installed, so a second start compares two small files and goes on.
ready() {
    wanted=$(cat requirements.txt && { [ "$1" = requirements.txt ] || cat "$1"; })
    stamp=.venv/installed-$1
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    python=$(find_python) || exit 1
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        printf 'making .venv …\n' >&2
        "$python" -m venv --clear .venv ||
            fail "cannot make .venv (on Debian and Ubuntu: apt install python3-venv)"
    fi
    printf 'installing %s …\n' "$1" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$1" >&2 ||
        fail "cannot install $1 (see above)"
    printf '%s\n' "$wanted" >"$stamp"
}
