// Program buildkit reads a Dockerfile as BuildKit does, and writes as one line of JSON what BuildKit's own checks ("docker
// build --check") say of it, its instructions, the configuration of the image, and the files that it can copy.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	digest "github.com/opencontainers/go-digest"
)

// instruction is one of a stage: its name, its flags and its words as they stand there.
type instruction struct {
	Name  string   `json:"name"`
	Flags []string `json:"flags"`
	Words []string `json:"words"`
}

type report struct {
	Findings     []string      `json:"findings"`
	Instructions []instruction `json:"instructions"`
	Image        any           `json:"image"`
	Files        []string      `json:"files"`
}

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path, folder string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	found := report{Findings: []string{}}
	converted, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, dockerfile2llb.ConvertOpt{
		MetaResolver: empty{},
		Warn: func(rule, _, _, message string, _ []parser.Range) {
			found.Findings = append(found.Findings, rule+": "+message)
		},
	})
	if err != nil {
		return err
	}
	found.Image = converted.Image.Config
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for _, node := range parsed.AST.Children {
		each := instruction{Name: node.Value, Flags: node.Flags, Words: []string{}}
		for next := node.Next; next != nil; next = next.Next {
			each.Words = append(each.Words, next.Value)
		}
		found.Instructions = append(found.Instructions, each)
	}
	if found.Files, err = files(path+".dockerignore", folder); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}

// empty resolves each reference to an image without a configuration, so that no registry is asked.
type empty struct{}

func (empty) ResolveImageConfig(_ context.Context, reference string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	configuration := []byte(`{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers"}}`)
	return reference, digest.FromBytes(configuration), configuration, nil
}

// files lists what a file of patterns leaves of a folder.
func files(ignored, folder string) ([]string, error) {
	file, err := os.Open(ignored)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	found := []string{}
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if left, err := matcher.MatchesOrParentMatches(name); err != nil || left {
			return err
		}
		found = append(found, name)
		return nil
	})
	return found, err
}
