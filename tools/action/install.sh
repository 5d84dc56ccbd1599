#!/usr/bin/env bash
# Fetches the release $VERSION into $RUNNER_TEMP/renpyctl, if this repository's own release workflow built it.
set -euo pipefail
repo=renpy-cloud/renpyctl

[[ $VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || {
	echo "renpyctl: the input version is a release as v1.0.0" >&2
	exit 2
}
case $RUNNER_OS in
Linux) system=linux ;;
macOS) system=darwin ;;
*)
	echo "renpyctl: this action runs on Linux and macOS: choose runs-on: ubuntu-latest" >&2
	exit 2
	;;
esac
case $RUNNER_ARCH in ARM64) system+=_arm64 ;; *) system+=_amd64 ;; esac

archive="renpyctl_${VERSION#v}_$system.tar.gz"
mkdir -p "$RUNNER_TEMP/renpyctl"
cd "$RUNNER_TEMP/renpyctl"
gh release download "$VERSION" --repo "$repo" --pattern "$archive" --clobber
gh attestation verify "$archive" --repo "$repo" \
	--signer-workflow "$repo/.github/workflows/release.yaml" --source-ref "refs/tags/$VERSION"
tar -xzf "$archive" renpyctl
