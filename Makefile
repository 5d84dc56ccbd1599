# make          build bin/renpyctl with the Lambda functions inside
# make demo     the whole way once on this computer: deploy, play on two devices
# make test     every test, end to end included; needs Go, make and Python 3.10 or later
# make help     the other targets

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

TOOLS   := $(CURDIR)/.tools
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -s -w -X github.com/renpy-cloud/renpyctl/internal/cli.releaseVersion=$(VERSION) \
	-X github.com/renpy-cloud/renpyctl/internal/cli.releaseCommit=$(COMMIT)

STATICCHECK := $(TOOLS)/bin/staticcheck-0.8.0
GORELEASER  := $(TOOLS)/bin/goreleaser-2.15.1
LINTERS     := $(TOOLS)/lint/.installed
NAG         := $(TOOLS)/nag/.installed
OSLS        := $(TOOLS)/osls/.installed

# The end-to-end tests share one installation of the local cloud between runs.
export RENPYCTL_E2E_DIR := $(TOOLS)/local
export RENPYCTL_BIN     := $(CURDIR)/bin/renpyctl

# The local cloud of the picture is one of its own.
picture: export RENPYCTL_LOCAL_DIR  := $(RENPYCTL_E2E_DIR)
picture: export RENPYCTL_LOCAL_PORT := 47123

.PHONY: build zips picture demo test test-renpy playtest test-browser test-packages unit e2e soak fuzz bench lint lint-go lint-template lint-workflows lint-release clean help

build: zips ## build bin/renpyctl with the Lambda functions inside
	@CGO_ENABLED=0 go build -trimpath -tags lambda.norpc -ldflags '$(LDFLAGS)' -o bin/renpyctl ./cmd/renpyctl
	@echo "built bin/renpyctl $(VERSION)"

zips: ## build the Lambda zips, to be embedded
	@go run ./internal/lambdazip/cmd/lambdazip -o lambda/dist

demo: build ## show it all on this computer: deploy, two devices, a conflict
	@bin/renpyctl demo

picture: build ## draw the pictures in docs: a deploy to the local cloud and a demo on it, as they are
	@$(RENPYCTL_BIN) local reset --yes
	@tools/picture.py docs/deploy.svg 'renpyctl deploy --local' $(RENPYCTL_BIN) deploy --local
	@$(RENPYCTL_BIN) demo --keep >/dev/null
	@draw() { tools/picture.py docs/$$1.svg "renpyctl $$2 --stage demo --local" $(RENPYCTL_BIN) $$2 --stage demo --local; }; \
		draw status 'status'; draw logs 'logs --since 1h'; \
		draw player 'users show player-'; draw history 'saves history player- my_game 1-1-LT1.save'
	@$(RENPYCTL_BIN) local reset --yes

test: unit e2e ## every test

# Vet is make lint's. A raced program would wait for a second when it has ended; many
# tests wait for one. The others are built as the program is, which is in the cache.
RACED := GORACE=atexit_sleep_ms=0 go test -race -vet=off -parallel 4
PLAIN := CGO_ENABLED=0 go test -trimpath -vet=off

# The histories of savesync and the zips run one thing at a time, and long: only what
# does several at once is run with the race detector.
unit: zips
	$(RACED) $$(go list ./... | grep -Ev '/internal/(savesync|lambdazip)$$')
	$(PLAIN) -timeout 20m ./internal/savesync ./internal/lambdazip
	$(RACED) -short -run 'AtOnce|Leaks' ./internal/savesync
	@test -e /usr/share/games/renpy && command -v Xvfb >/dev/null || \
		echo "not run, since Ren'Py and Xvfb are not here: the game's file in the real engine (make test-renpy)"

test-renpy: ## play the file that config renpy prints in Debian's Ren'Py (apt-get install renpy xvfb)
	RENPYCTL_TEST_RENPY=required go test -count=1 -run '^TestRenpy$$' -v ./internal/cli

playtest: build ## play a small game in Debian's Ren'Py on two devices of the local cloud; what the player saw goes to screenshots/
	RENPYCTL_TEST_RENPY=required RENPYCTL_SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -tags e2e -run '^TestPlay$$' -v ./e2e

test-browser: ## see in Debian's Chromium what a page reaches of the local cloud, and that the page of metrics reaches nothing (apt-get install chromium)
	RENPYCTL_TEST_BROWSER=required go test -count=1 -tags e2e -run '^TestBrowser$$' -v ./internal/local ./internal/report

test-packages: $(GORELEASER) ## build what a release publishes, unsigned; install the deb in a folder and run it
	$(GORELEASER) release --snapshot --clean --skip=sign
	go test -count=1 -tags packages ./tools/packages

e2e: build
	$(PLAIN) -count=1 -tags e2e -timeout 20m -parallel 4 ./e2e/... ./internal/local ./internal/report ./internal/savesync/awsstore
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		echo "not run, since no Chromium is here: a page of the web at the local cloud's door (make test-browser)"

soak: ## a million random histories of the sync protocol (about an hour)
	RENPYCTL_HISTORIES=1000000 go test -count=1 -timeout 3h -run 'TestPromises$$' ./internal/savesync

fuzz: ## ten seconds of fuzzing for each target
	@for target in $$(go test -list '^Fuzz' ./internal/savesync | grep '^Fuzz'); do \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime 10s ./internal/savesync; done

bench: build $(OSLS) ## measure beside osls, and more (Node 20 and npm; about 20 minutes, on an idle computer)
	@go build -o $(TOOLS)/bin/bench ./bench
	@$(TOOLS)/bin/bench -renpyctl bin/renpyctl -osls $(TOOLS)/osls -cloud $(RENPYCTL_E2E_DIR)
	@go test -run '^$$' -bench . ./internal/savesync/... ./lambda/...

lint: lint-go lint-template lint-workflows lint-release ## gofmt, vet, staticcheck, cfn-lint, checkov, cdk-nag (Node 20 and npm), zizmor, goreleaser check

lint-go: $(STATICCHECK)
	@files=$$(gofmt -l .); test -z "$$files" || { echo "gofmt would change:" $$files; exit 1; }
	go vet ./... && go vet -tags e2e ./...
	$(STATICCHECK) ./... && $(STATICCHECK) -tags e2e ./...
	go mod tidy -diff

lint-template: $(LINTERS) $(NAG)
	PYTHONUTF8=1 $(TOOLS)/lint/bin/cfn-lint --include-checks I --template cfn/template.yaml
	$(TOOLS)/lint/bin/python tools/python/handlers.py cfn/template.yaml internal/iam/testdata/handlers.json --check
	PYTHONUTF8=1 $(TOOLS)/lint/bin/checkov --config-file cfn/checkov.yaml
	NODE_PATH=$(TOOLS)/nag/node_modules node cfn/nag.js

lint-workflows: $(LINTERS)
	$(TOOLS)/lint/bin/zizmor --offline --quiet .github action.yml

lint-release: $(GORELEASER)
	$(GORELEASER) check

clean: ## delete what was built and installed in this folder
	rm -rf bin screenshots completions man dist $(TOOLS)
	rm -f lambda/dist/*.zip lambda/dist/SHA256SUMS

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- tools, each pinned, in a folder that git ignores ---

$(STATICCHECK):
	GOBIN=$(TOOLS)/bin go install honnef.co/go/tools/cmd/staticcheck@v0.8.0
	mv $(TOOLS)/bin/staticcheck $@

$(GORELEASER):
	GOBIN=$(TOOLS)/bin go install github.com/goreleaser/goreleaser/v2@v2.15.1
	mv $(TOOLS)/bin/goreleaser $@

$(LINTERS): tools/python/requirements-lint.txt
	rm -rf $(TOOLS)/lint
	python3 -m venv $(TOOLS)/lint
	$(TOOLS)/lint/bin/pip install --quiet --require-hashes -r $<
	touch $@

$(NAG): tools/node/package-lock.json
	rm -rf $(TOOLS)/nag
	mkdir -p $(TOOLS)/nag
	cp tools/node/package.json tools/node/package-lock.json $(TOOLS)/nag
	npm ci --prefix $(TOOLS)/nag --ignore-scripts --no-audit --no-fund --silent
	touch $@

$(OSLS): bench/osls/package-lock.json
	rm -rf $(TOOLS)/osls
	mkdir -p $(TOOLS)/osls
	cp bench/osls/package.json bench/osls/package-lock.json $(TOOLS)/osls
	npm ci --prefix $(TOOLS)/osls --ignore-scripts --no-audit --no-fund --silent
	touch $@
