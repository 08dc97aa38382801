package config

import "time"

// RateLimit bounds what each client may ask.
type RateLimit struct {
	Rate        float64       `key:"rate" min:"0.1" max:"1000000"`
	Burst       int           `key:"burst" min:"1" max:"10000"`
	SearchCost  int           `key:"search_cost" min:"1" max:"100"`
	SignInRate  float64       `key:"sign_in_rate" min:"0.01" max:"10000"`
	SignInBurst int           `key:"sign_in_burst" min:"1" max:"10000"`
	CrawlRate   float64       `key:"crawl_rate" min:"0.01" max:"10000"`
	CrawlBurst  int           `key:"crawl_burst" min:"1" max:"10000"`
	Clients     int           `key:"clients" min:"1000" max:"100000000"`
	Lease       int           `key:"lease" min:"1" max:"10000"`
	Hold        time.Duration `key:"hold" min:"0s" max:"10s"`
	Exempt      []string      `key:"exempt"`
}
