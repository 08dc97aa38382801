package httpcache

import (
	"net/http"
	"net/url"
	"strings"
)

// appendKey writes what an answer is stored under: scheme-less host in small letters, path and query. Both are as the client wrote
// them, but for the case of percent-encodings and an empty query: whoever reads them decides whether order matters.
func appendKey(key []byte, r *http.Request) []byte {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	for i := range len(host) {
		b := host[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		key = append(key, b)
	}
	key = appendTidy(append(key, ' '), r.URL.EscapedPath())
	if r.URL.RawQuery != "" {
		key = appendTidy(append(key, '?'), r.URL.RawQuery)
	}
	return key
}

// appendTidy writes percent-encodings in capitals.
func appendTidy(key []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		key = append(key, text[i])
		if text[i] == '%' {
			for n := 1; n <= 2 && i+1 < len(text); n++ {
				i++
				b := text[i]
				if 'a' <= b && b <= 'f' {
					b -= 'a' - 'A'
				}
				key = append(key, b)
			}
		}
	}
	return key
}

func keyOf(r *http.Request) string { return string(appendKey(nil, r)) }

// changed gives the keys of what a request changed: its own address, and those on the same host that its answer names.
func changed(r *http.Request, answer http.Header) []string {
	keys := []string{keyOf(r)}
	for _, name := range []string{"Location", "Content-Location"} {
		text := answer.Get(name)
		if text == "" {
			continue
		}
		target, err := url.Parse(text)
		if err != nil {
			continue
		}
		target = r.URL.ResolveReference(target)
		if target.Host != "" && !strings.EqualFold(target.Host, r.Host) {
			continue // only its owner speaks for another host
		}
		keys = append(keys, keyOf(&http.Request{Host: r.Host, URL: target}))
	}
	return keys
}
