package cache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"
)

// settleTokens adds what was spent to each bucket, as the time until it will be full again (the generic cell rate algorithm), and gives that time.
// It goes by the sidecar's clock, which all processes share. Numbers are microseconds. Nobody's debt grows beyond twice a whole bucket.
var settleTokens = rueidis.NewLuaScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local debts = {}
for i, key in ipairs(KEYS) do
  local full = tonumber(ARGV[2 * i])
  local at = math.max(tonumber(redis.call('GET', key)) or 0, now) + ARGV[2 * i - 1]
  at = math.min(at, now + 2 * full)
  redis.call('SET', key, string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000) + 1)
  debts[i] = string.format('%.0f', at - now)
end
return debts`)

// Settle tells the sidecar how much clients have spent of buckets that processes share, each as the time in which so many tokens come
// again, and gives for each the time until its bucket is full again, whoever spent from it. full is the time in which an empty one
// fills. One round trip for all of them; an error says that nobody knows, and each process goes on by its own count.
func (r *Remote) Settle(clients []string, spent, full []time.Duration) ([]time.Duration, error) {
	if !r.s.Enabled() {
		return nil, errRefused
	}
	keys, args := make([]string, len(clients)), make([]string, 0, 2*len(clients))
	for i, client := range clients {
		keys[i] = "bookvault:tokens:" + client
		args = append(args, strconv.FormatInt(spent[i].Microseconds(), 10), strconv.FormatInt(full[i].Microseconds(), 10))
	}
	values, err := r.call(func(ctx context.Context, client rueidis.Client) ([][]byte, error) {
		said, err := settleTokens.Exec(ctx, client, keys, args).AsStrSlice()
		if _, refusal := rueidis.IsRedisErr(err); refusal { // it is full, or a replica: no illness
			return [][]byte{}, nil
		}
		values := make([][]byte, len(said))
		for i := range said {
			values[i] = []byte(said[i])
		}
		return values, err
	})
	if err != nil {
		return nil, err
	}
	if len(values) != len(clients) {
		return nil, errors.New("the remote cache does not keep tokens")
	}
	debts := make([]time.Duration, len(values))
	for i, value := range values {
		us, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read a bucket of the remote cache: %w", err)
		}
		debts[i] = time.Duration(us) * time.Microsecond
	}
	return debts, nil
}
