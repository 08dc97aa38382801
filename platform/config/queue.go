package config

import (
	"net/url"
	"slices"
	"time"
)

// Queue bounds what waits on disk to be written into the database.
type Queue struct {
	URL      string `key:"url" secret:"true"`
	Replicas int    `key:"replicas" min:"1" max:"5"`

	Partitions    int           `key:"partitions" min:"1" max:"64"`
	MaxSize       Size          `key:"max_size" min:"1MiB" max:"1024GiB"`
	MinFree       Size          `key:"min_free" min:"1MiB" max:"1024GiB"`
	MaxWaiting    int           `key:"max_waiting" min:"64" max:"1000000"`
	MaxBehind     int           `key:"max_behind" min:"64" max:"10000000"`
	PublishWithin time.Duration `key:"publish_within" min:"100ms" max:"1m"`
	FlushRecords  int           `key:"flush_records" min:"1" max:"100000"`
	FlushEvery    time.Duration `key:"flush_every" min:"1ms" max:"10s"`
	TakeOverEvery time.Duration `key:"take_over_every" min:"1s" max:"1h"`
}

func isNATS(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Host != "" && slices.Contains([]string{"nats", "tls", "ws", "wss"}, address.Scheme)
}
