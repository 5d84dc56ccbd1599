#!/usr/bin/env bash
# Writes the completion of every shell into a folder: tools/completions.sh FOLDER
set -euo pipefail
mkdir -p "$1"
for shell in bash:renpyctl.bash zsh:_renpyctl fish:renpyctl.fish powershell:renpyctl.ps1; do
	go run ./cmd/renpyctl completion "${shell%%:*}" >"$1/${shell#*:}"
done
