// Package coding chooses the content coding of an answer (RFC 9110, 8.4 and 12.5.3): which of the codings that we make the
// client's Accept-Encoding likes best, and which kinds of content gain by being coded.
//
// It knows nothing of how codings are made: platform/gateway codes what is made for one request, platform/cdn what is the
// same for all, platform/httpcache what it keeps, and all must read a client's wishes, and name their variants, alike.
package coding

import "strings"

// Coding is a content coding that BookVault makes. The order is that of preference when a client has none.
type Coding uint8

const (
	Identity Coding = iota // as it is
	Gzip                   // RFC 1952
	Zstd                   // RFC 8878

	// Count is the number of codings, for tables by Coding.
	Count = iota
)

var names = [Count]string{"identity", "gzip", "zstd"}

// String is the coding's name in headers and metrics.
func (c Coding) String() string { return names[c] }

// unsaid marks a coding that the client did not mention.
const unsaid = -1

// Accepted is what one Accept-Encoding header says of our codings, as weights in thousandths.
type Accepted struct {
	weights [Count]int16
	others  int16 // of *
}

// Parse reads the values of Accept-Encoding. Without the header a client gets content as it is: it may take codings, and it
// may be a script that knows none. An element that cannot be read is passed over.
func Parse(fields []string) Accepted {
	a := Accepted{weights: [Count]int16{unsaid, unsaid, unsaid}, others: unsaid}
	for _, field := range fields {
		for element := range strings.SplitSeq(field, ",") {
			name, parameters, _ := strings.Cut(element, ";")
			weight, ok := weightOf(parameters)
			if !ok {
				continue
			}
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "zstd"):
				a.weights[Zstd] = weight
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				a.weights[Gzip] = weight
			case strings.EqualFold(name, "identity"):
				a.weights[Identity] = weight
			case name == "*":
				a.others = weight
			}
		}
	}
	return a
}

// Best gives the coding that the client likes best, and our own preference where it has none. It is not ok when the client
// refuses everything that we could send, what is not coded too; Best is Identity then.
func (a Accepted) Best() (best Coding, ok bool) {
	var most int16
	for _, c := range [...]Coding{Zstd, Gzip} {
		if weight := a.weight(c); weight > most {
			best, most = c, weight
		}
	}
	if a.weights[Identity] > most { // only one that was named outweighs a coding; else it is what remains
		return Identity, true
	}
	return best, best != Identity || a.TakesIdentity()
}

// TakesIdentity tells whether the client takes content as it is: all do but those who say otherwise.
func (a Accepted) TakesIdentity() bool {
	if weight := a.weight(Identity); weight != unsaid {
		return weight > 0
	}
	return true
}

func (a Accepted) weight(c Coding) int16 {
	if a.weights[c] != unsaid {
		return a.weights[c]
	}
	return a.others
}

// weightOf reads ";q=0.5" as 500; no parameter is 1000. RFC 9110, 12.4.2: at most three digits after the point.
func weightOf(parameters string) (int16, bool) {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return 1000, true
	}
	name, value, found := strings.Cut(parameters, "=")
	if !found || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0, false
	}
	value = strings.TrimSpace(value)
	whole, fraction, _ := strings.Cut(value, ".")
	if (whole != "0" && whole != "1") || len(fraction) > 3 {
		return 0, false
	}
	weight := int16(0)
	for i := range 3 {
		digit := byte('0')
		if i < len(fraction) {
			digit = fraction[i]
		}
		if digit < '0' || digit > '9' {
			return 0, false
		}
		weight = weight*10 + int16(digit-'0')
	}
	if whole == "1" {
		return 1000, weight == 0
	}
	return weight, true
}

// Pays tells whether content of this type gains by being coded: text does, pictures are packed already. An event stream is
// text too, but a coder would hold its events back.
func Pays(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch media {
	case "text/event-stream":
		return false
	case "application/json", "application/javascript", "application/xml", "application/x-ndjson", "application/yaml":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml")
}

// AddVary gives the values of Vary with Accept-Encoding among them; the slice that came is not written to.
func AddVary(vary []string) []string {
	for _, field := range vary {
		for name := range strings.SplitSeq(field, ",") {
			if name = strings.TrimSpace(name); name == "*" || strings.EqualFold(name, "Accept-Encoding") {
				return vary
			}
		}
	}
	if len(vary) == 0 {
		return acceptEncoding
	}
	return append(vary[:len(vary):len(vary)], acceptEncoding[0])
}

var acceptEncoding = []string{"Accept-Encoding"}

// tagEnds end the opaque part of a variant's ETag, its closing quote included: no tag can hold a quote elsewhere.
var tagEnds = [Count]string{Identity: `"`, Gzip: `-gzip"`, Zstd: `-zstd"`}

// TagEnd is what the ETag of a coded variant ends with, its closing quote included.
func TagEnd(c Coding) string { return tagEnds[c] }

// Tag is the ETag of a variant: two codings of one content are two representations. A weak one stays: it says no more than that the
// meaning is the same.
func Tag(tag string, c Coding) string {
	if c == Identity || len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return tag
	}
	return tag[:len(tag)-1] + tagEnds[c]
}
