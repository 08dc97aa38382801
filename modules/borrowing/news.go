package borrowing

import (
	"hash/fnv"
	"slices"
)

// LiveNews is the topic under which it is heard whose loans and holds change, and where copies come and go (platform/database, Feed).
// Its keys are read by ReadNews: they say that something changed and for whom, and nothing else.
const LiveNews = "circulation"

// The kinds of news, in the lowest bits of a key.
const (
	newsOfAccount = iota
	newsOfHoldReady
	newsOfBranch
	newsBits = 2
)

// News is that something changed: of a member's loans and holds (a hold became ready, maybe), or of the copies at a branch.
type News struct {
	Member int64  // 0: of a branch
	Ready  bool   // a hold of the member waits on the shelf now
	Branch uint64 // see BranchNumber
}

// BranchNumber is what stands for a branch in News.
func BranchNumber(code string) uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(code)) // a hash never fails
	return sum.Sum64() >> (newsBits + 1)
}

// News gives the keys that tell of changes.
func (c *Changes) News() []int64 {
	var keys []int64
	account := func(member int64) {
		if member != 0 {
			keys = append(keys, member<<newsBits+newsOfAccount)
		}
	}
	for _, l := range c.NewLoans {
		account(l.MemberID)
	}
	for _, l := range c.Loans {
		account(l.MemberID)
	}
	for _, h := range c.NewHolds {
		account(h.MemberID)
	}
	for _, h := range c.Holds {
		account(h.MemberID)
		if h.Status == HoldReady && h.MemberID != 0 {
			keys = append(keys, h.MemberID<<newsBits|newsOfHoldReady)
		}
	}
	branch := func(code string) {
		if code != "" {
			keys = append(keys, int64(BranchNumber(code)<<newsBits|newsOfBranch))
		}
	}
	for _, it := range c.Items {
		branch(it.CurrentBranch)
		branch(it.TransitTo)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// ReadNews reads the keys of the topic LiveNews.
func ReadNews(keys []int64) []News {
	news := make([]News, 0, len(keys))
	for _, key := range keys {
		switch value := key >> newsBits; key & (1<<newsBits - 1) {
		case newsOfAccount:
			news = append(news, News{Member: value})
		case newsOfHoldReady:
			news = append(news, News{Member: value, Ready: true})
		case newsOfBranch:
			news = append(news, News{Branch: uint64(value)})
		}
	}
	return news
}
