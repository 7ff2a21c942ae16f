// Package chaperone_test holds the habits of this repository as tests: licences, sizes,
// comments, and a README whose commands run. arch_test.go beside it holds the architecture.
package chaperone_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chaperone.example/internal/web/webtest"
)

// licences are those we link, told by a sentence that stands in every copy. MPL-2.0 is
// file-level copyleft: it may test the product, but it may not be in it.
var licences = []struct {
	text, name string
	testOnly   bool
}{
	{"Apache License", "Apache-2.0", false},
	{"Permission is hereby granted, free of charge", "MIT", false},
	{"Redistribution and use in source and binary forms", "BSD", false},
	{"Permission to use, copy, modify", "ISC", false},
	{"Mozilla Public License Version 2.0", "MPL-2.0", true},
	{"Mozilla Public License, version 2.0", "MPL-2.0", true},
}

// Every module that is linked in has a licence we accept.
func TestLicences(t *testing.T) {
	shipped := linked(t, "./cmd/...")
	if len(shipped) == 0 {
		t.Fatal("go list names no module: this test sees nothing")
	}
	for path, dir := range linked(t, "-test", "./...") {
		_, ships := shipped[path]
		texts := licenceTexts(t, dir)
		if texts == "" {
			t.Errorf("%s has no licence file", path)
			continue
		}
		ok, found := false, "an unknown licence"
		for _, l := range licences {
			if strings.Contains(texts, l.text) {
				found = l.name
				if !l.testOnly || !ships {
					ok = true
					break
				}
			}
		}
		if !ok {
			t.Errorf("%s: %s, which we do not link (ships: %v)", path, found, ships)
		}
	}
}

// linked returns the folder of each foreign module that the packages need.
func linked(t *testing.T, args ...string) map[string]string {
	t.Helper()
	format := "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"
	found := map[string]string{}
	for line := range strings.Lines(run(t, "go", append([]string{"list", "-deps", "-f", format}, args...)...)) {
		if path, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			found[path] = dir
		}
	}
	return found
}

// licenceTexts returns what the module's licence files say. A module below another's root
// (gopkg.in/x/y) may keep it one folder up.
func licenceTexts(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range []string{"LICEN[CS]E*", "COPYING*", "License*", "license*"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil {
				b.Write(text)
			}
		}
	}
	return b.String()
}

// The files we carry of others have their licence beside them.
func TestVendoredFilesHaveTheirLicence(t *testing.T) {
	text, err := os.ReadFile("internal/web/static/htmx.LICENSE.txt")
	if err != nil || !bytes.Contains(text, []byte("Zero-Clause BSD")) {
		t.Errorf("htmx without its licence: %v", err)
	}
}

// A file that outgrows the head, and a package that outgrows a reader, are two.
func TestSizes(t *testing.T) {
	const maxFile, maxPackage = 600, 2000
	sum := map[string]int{}
	for _, name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") || generated(t, name) {
			continue
		}
		n := bytes.Count(read(t, name), []byte("\n"))
		if n > maxFile {
			t.Errorf("%s has %d lines, more than %d: split it by noun", name, n, maxFile)
		}
		sum[filepath.Dir(name)] += n
	}
	for dir, n := range sum {
		if n > maxPackage {
			t.Errorf("package %s has %d lines, more than %d: split it by noun", dir, n, maxPackage)
		}
	}
}

// A package explains itself to a stranger in its first comment; nothing registers itself
// behind the reader's back.
func TestPackageCommentsAndNoInit(t *testing.T) {
	comment := map[string]string{}
	files := token.NewFileSet()
	for _, name := range goFiles(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		dir := filepath.Dir(name)
		comment[dir] += f.Doc.Text()
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" && !generated(t, name) {
				t.Errorf("%s: init() hides what happens; call it from main", files.Position(fn.Pos()))
			}
		}
	}
	for dir, text := range comment {
		if len(strings.Fields(text)) < 5 {
			t.Errorf("package %s has no comment that a stranger understands", dir)
		}
	}
}

// The product links no more modules directly than a person can keep an eye on.
func TestDirectDependencies(t *testing.T) {
	const most = 25
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal([]byte(run(t, "go", "mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range mod.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	if len(direct) > most {
		t.Errorf("%d direct dependencies, more than %d: %s", len(direct), most, strings.Join(direct, ", "))
	}
}

// Files that a build, a test or a person leaves behind are not committed.
func TestNothingLeftBehind(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		webtest.Missing(t, "a git work tree", "install git and run it in a clone")
	}
	leftover := regexp.MustCompile(`(^|/)node_modules/|(^|/)demo-data/|\.(test|out|prof|pem|key|db|sqlite|db-wal|db-shm|orig|rej)$|(^|/)\.DS_Store$|^cover\.`)
	for name := range strings.SplitSeq(string(out), "\x00") {
		if leftover.MatchString(name) {
			t.Errorf("%s is committed", name)
		}
		if info, err := os.Stat(name); err == nil && info.Size() > 2<<20 {
			t.Errorf("%s has %d bytes: large files do not belong here", name, info.Size())
		}
	}
}

// What README.md tells the reader to type exists: each `go run` names a package of ours and
// one of its subcommands, each relative file is there, each Go snippet is Go.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatalf("README.md: %v; a newcomer starts there", err)
	}
	blocks := regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```").FindAllStringSubmatch(string(text), -1)
	commands := 0
	var help string
	for _, b := range blocks {
		switch b[1] {
		case "sh", "bash", "console", "shell":
			for line := range strings.SplitSeq(strings.ReplaceAll(b[2], "\\\n", " "), "\n") {
				line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "$ "))
				words := strings.Fields(line)
				if len(words) == 0 || strings.HasPrefix(line, "#") {
					continue
				}
				switch i := slices.IndexFunc(words, func(w string) bool { return w == "./cmd/chaperone" || w == "chaperone" || w == "./chaperone" }); {
				case i >= 0 && i+1 < len(words) && words[0] == "go" && words[1] == "run", i == 0 && len(words) > 1:
					commands++
					if help == "" {
						help = run(t, "go", "run", "./cmd/chaperone", "--help")
					}
					if sub := words[i+1]; !strings.HasPrefix(sub, "-") && !regexp.MustCompile(`(?m)^\s+`+regexp.QuoteMeta(sub)+`\b`).MatchString(help) {
						t.Errorf("README.md: %q: chaperone has no command %q", line, sub)
					}
				}
			}
		case "go":
			src := b[2]
			if !strings.HasPrefix(strings.TrimSpace(src), "package ") {
				src = "package p\nfunc _() {\n" + src + "\n}"
				if _, err := parser.ParseFile(token.NewFileSet(), "README.md", src, 0); err != nil {
					src = "package p\n" + b[2]
				}
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "README.md", src, 0); err != nil {
				t.Errorf("README.md: a Go snippet is not Go: %v\n%s", err, b[2])
			}
		}
	}
	if commands == 0 {
		t.Error("README.md tells no command of chaperone in a sh block: a newcomer cannot start")
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`).FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
			continue
		}
		if _, err := os.Stat(m[1]); err != nil {
			t.Errorf("README.md links %s, which is not there", m[1])
		}
	}
}

// goFiles returns the Go files of the product's module: not those of tools, nor of folders
// that the go command leaves out.
func goFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." {
			base := d.Name()
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "node_modules" || err == nil {
				return filepath.SkipDir
			}
		}
		if !d.IsDir() && strings.HasSuffix(name, ".go") {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// generated reports whether a file says so of itself, as the go command understands it.
func generated(t *testing.T, name string) bool {
	t.Helper()
	return regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`).Match(read(t, name))
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &errs)
	}
	return out.String()
}
