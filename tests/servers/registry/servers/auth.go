package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// access names actions on one resource, as scopes and tokens do.
type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

// claims are the members of a token that decide.
type claims struct {
	Audience string   `json:"aud"`
	Expiry   int64    `json:"exp"`
	Access   []access `json:"access"`
}

// guarded puts the authentication that the settings ask for in front of a registry.
func guarded(next http.Handler, s settings) (http.Handler, error) {
	switch s.auth {
	case "none":
		return next, nil
	case "basic":
		credentials := os.Getenv("REGISTRY_CREDENTIALS")
		if !strings.Contains(credentials, ":") {
			return nil, errors.New("REGISTRY_CREDENTIALS must be name:password")
		}
		return basic(next, credentials), nil
	case "bearer":
		secret := os.Getenv("REGISTRY_TOKEN_SECRET")
		if secret == "" || s.realm == "" || s.service == "" {
			return nil, errors.New("bearer needs REGISTRY_TOKEN_SECRET, -realm and -service")
		}
		return bearer(next, s, []byte(secret)), nil
	}
	return nil, fmt.Errorf("no such authentication: %q", s.auth)
}

// basic compares the name and password of every request.
func basic(next http.Handler, credentials string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name+":"+password), []byte(credentials)) == 1 {
			next.ServeHTTP(w, r)
			return
		}
		refuse(w, `Basic realm="registry", charset="UTF-8"`)
	})
}

// bearer wants a token that grants every action of the request, and names the actions where it refuses.
func bearer(next http.Handler, s settings, secret []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		challenge := fmt.Sprintf("Bearer realm=%q,service=%q", s.realm, s.service)
		wanted := needed(r)
		if len(wanted) > 0 {
			challenge += fmt.Sprintf(",scope=%q", scope(wanted))
		}
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !found {
			refuse(w, challenge)
			return
		}
		granted, err := verify(token, s.service, secret)
		if err != nil {
			refuse(w, challenge+`,error="invalid_token"`)
			return
		}
		if !covers(granted, wanted) {
			refuse(w, challenge+`,error="insufficient_scope"`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}`)
}

// needed returns the actions that a request takes, which are none for the base of the API.
func needed(r *http.Request) []access {
	if r.URL.Path == "/v2/_catalog" {
		return []access{{Type: "registry", Name: "catalog", Actions: []string{"*"}}}
	}
	name := repository(r.URL.Path)
	if name == "" {
		return nil
	}
	actions := []string{"pull", "push"}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		actions = []string{"pull"}
	case http.MethodDelete:
		actions = []string{"delete"}
	}
	wanted := []access{{Type: "repository", Name: name, Actions: actions}}
	if from := r.URL.Query().Get("from"); from != "" && from != name && r.Method == http.MethodPost {
		wanted = append(wanted, access{Type: "repository", Name: from, Actions: []string{"pull"}})
	}
	return wanted
}

// repository reads from the end, since the name of a repository may itself have parts such as "manifests".
func repository(path string) string {
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/v2/"), "/"), "/")
	if n := len(parts); n > 3 && parts[n-3] == "blobs" && parts[n-2] == "uploads" {
		return strings.Join(parts[:n-3], "/")
	}
	if n := len(parts); n > 2 && slices.Contains([]string{"manifests", "blobs", "referrers", "tags"}, parts[n-2]) {
		return strings.Join(parts[:n-2], "/")
	}
	return ""
}

func scope(wanted []access) string {
	words := make([]string, 0, len(wanted))
	for _, one := range wanted {
		words = append(words, fmt.Sprintf("%s:%s:%s", one.Type, one.Name, strings.Join(one.Actions, ",")))
	}
	return strings.Join(words, " ")
}

func covers(granted, wanted []access) bool {
	for _, want := range wanted {
		for _, action := range want.Actions {
			if !slices.ContainsFunc(granted, func(grant access) bool {
				return grant.Type == want.Type && grant.Name == want.Name && slices.Contains(grant.Actions, action)
			}) {
				return false
			}
		}
	}
	return true
}

// verify reads a JSON Web Token with HS256, and no other.
func verify(token, service string, secret []byte) ([]access, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("a token has three parts")
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := decode(parts[0], &header); err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if header.Algorithm != "HS256" || !hmac.Equal(signature, mac.Sum(nil)) {
		return nil, errors.New("the signature is wrong")
	}
	var body claims
	if err := decode(parts[1], &body); err != nil {
		return nil, err
	}
	if body.Audience != service || time.Now().Unix() >= body.Expiry {
		return nil, errors.New("the token is for another service or has expired")
	}
	return body.Access, nil
}

func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
