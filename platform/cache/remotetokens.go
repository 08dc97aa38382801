package cache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gomodule/redigo/redis"
)

// settleTokens adds what was spent to each bucket, as the time until it will be full again (the generic cell rate algorithm), and gives that time.
// It goes by the sidecar's clock, which all processes share. Numbers are microseconds. Nobody's debt grows beyond twice a whole bucket.
var settleTokens = redis.NewScript(-1, `
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
	args := redis.Args{len(clients)}
	for _, client := range clients {
		args = args.Add("bookvault:tokens:" + client)
	}
	for i := range clients {
		args = args.Add(spent[i].Microseconds(), full[i].Microseconds())
	}
	values, err := r.call(func(ctx context.Context, client *remoteClient) ([][]byte, error) {
		values, _, err := client.once(ctx, func(conn redis.Conn) ([][]byte, error) { // done twice, it would count twice
			return redis.ByteSlices(settleTokens.Do(conn, args...))
		})
		if _, refused := refusal(err); refused { // it is full, or a replica: no illness
			return [][]byte{}, nil
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
