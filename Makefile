# The one door. `make` builds, `make test` is what a change must pass, `make bench` measures, `make pictures` draws.

GO ?= go

.PHONY: all build test race vet vet-foreign lint check kernel kernel-check load truth-quiet test-look negatives positives bench bench-loop bench-looks pictures golden fuzz docs man install clean

all: build

# A release is a tag. Without git, or a copy of it, the program says so.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
STAMP = -X evviz/cmd.builtVersion=$(VERSION) -X evviz/cmd.builtCommit=$(shell git rev-parse HEAD 2>/dev/null) -X evviz/cmd.builtDate=$(shell git log -1 --format=%cI 2>/dev/null)

build: ## the program, as ./evviz
	$(GO) build -ldflags "$(STAMP)" -o evviz .

test: ## every test
	$(GO) test ./...

race: ## every test with the race detector; its programs sleep for a second at their end unless told
	GORACE=atexit_sleep_ms=50 $(GO) test -race ./...

vet:
	$(GO) vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }

# What only looks at recordings compiles on other systems, with its tests, and so do the types of what the kernel said; what makes and
# traces events is Linux's.
PORTABLE = ./trace ./world ./record ./timeline ./figures ./words ./picture ./diagnostics ./export ./tui ./tui/screen ./internal/sys ./probe/kernel

vet-foreign: ## vet of the packages that know no kernel, for other systems
	@for os in darwin freebsd windows; do echo "GOOS=$$os $(GO) vet"; GOOS=$$os $(GO) vet $(PORTABLE) || exit 1; done

lint: ## staticcheck, pinned in go.mod
	$(GO) tool staticcheck ./...

check: vet vet-foreign lint test ## what CI runs, less the race detector

kernel: ## the programs that run in the kernel, from probe/kernel/*.bpf.c; needs clang 14.0.6, `go build` does not
	sh probe/kernel/generate.sh

kernel-check: ## makes them in a scratch folder, and compares every byte with what is committed
	@scratch=$$(mktemp -d) && trap 'rm -r "$$scratch"' EXIT && sh probe/kernel/generate.sh "$$scratch" && \
	for f in $$(cd probe/kernel && git ls-files '*_bpfel.*'); do \
		cmp "$$scratch/$$f" "probe/kernel/$$f" || { echo "$$f is not what its source makes: make kernel" >&2; exit 1; }; \
	done && test "$$(ls "$$scratch" | wc -l)" = "$$(cd probe/kernel && git ls-files '*_bpfel.*' | wc -l)" && echo "probe/kernel: the objects are what their source makes"

bench: ## the figures of docs/performance.md, paired and interleaved
	$(GO) run ./bench

test-look: ## snapshots held against the kernel's own words, twenty times a server
	EVVIZ_LOOK_ROUNDS=20 $(GO) test -count=1 -v ./cmd -run 'LookEqualsKernel|SnapshotEqualsKernel'

bench-looks: ## what a snapshot does to the program that it looks into, and how long it takes
	$(GO) run ./bench/looks

negatives: ## evviz check against healthy servers, about 150 runs; what it needs is installed with apt-get where it can be
	@sh bench/negatives/install.sh
	nice -n 5 $(GO) run ./bench/negatives

positives: ## evviz check against planted bugs, about 100 runs; what it needs is installed as for negatives
	@sh bench/negatives/install.sh strace nodejs python3 ruby ruby-eventmachine gcc libc6-dev libevent-dev libev-dev
	nice -n 5 $(GO) run ./bench/positives

pictures: build ## the pictures of the README, made by the program itself
	sh docs/pictures/make.sh

golden: ## rewrite the golden screens; look at the difference before you commit
	$(GO) test ./tui -update-golden

docs: ## rewrite the pages that are derived from tables
	$(GO) test ./trace -run TestEventsDoc -update
	$(GO) test ./figures -run TestPage -update
	$(GO) test ./diagnostics ./tui ./cmd -run TestDocs -update-golden

man: build ## the manual pages, made from the commands, into docs/man
	./evviz man docs/man

PREFIX ?= /usr/local

install: build ## the program, its manual pages and completions, below PREFIX (and DESTDIR)
	install -Dm755 evviz $(DESTDIR)$(PREFIX)/bin/evviz
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	./evviz man $(DESTDIR)$(PREFIX)/share/man/man1
	./evviz completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/evviz
	./evviz completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_evviz
	./evviz completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/evviz.fish

load: ## the load cases in their long form: a thousand clients for a minute in every mode (about twelve minutes)
	EVVIZ_LOAD=1 go test ./loop -run TestChurn -count=1 -v -timeout 30m

truth-quiet: ## the truth cases with upper bounds of durations too, on a machine that does nothing else
	EVVIZ_TRUTH_QUIET=1 go test ./loop/... -run "TestT[0-9]|TestOverlap|TestDeferred" -count=1 -v

fuzz: ## half a minute for each fuzz target
	$(GO) test ./record -run xxx -fuzz FuzzFile -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./trace -run xxx -fuzz 'FuzzText$$' -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./record -run xxx -fuzz FuzzTextFile -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./loop -run xxx -fuzz FuzzHTTP -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./loop -run xxx -fuzz FuzzLines -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./probe -run xxx -fuzz FuzzStraceLine -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./probe -run xxx -fuzz FuzzStraceFile -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./probe/kernel -run xxx -fuzz FuzzRecords -fuzztime 30s -fuzzminimizetime 10x
	for f in FuzzStat FuzzInfo FuzzTable FuzzCall FuzzAnswers; do $(GO) test ./probe/look -run xxx -fuzz $$f'$$' -fuzztime 30s -fuzzminimizetime 10x || exit 1; done
	$(GO) test ./world -run xxx -fuzz FuzzTracker -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./timeline -run xxx -fuzz FuzzFilter -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./internal/plain -run xxx -fuzz FuzzJSON -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./tui/screen -run xxx -fuzz FuzzInput -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./tui -run xxx -fuzz FuzzScreen -fuzztime 30s -fuzzminimizetime 10x
	$(GO) test ./tui -run xxx -fuzz FuzzSplit -fuzztime 30s -fuzzminimizetime 10x

clean:
	rm -f evviz
