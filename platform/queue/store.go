package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"
)

// store is an open JetStream: of a server inside this process that keeps a folder, or of an external one.
//
// The folder of stores holds one a process, named 1, 2, …, each with a lock that its process holds and the kernel gives back however that
// ends. A process takes the first store that nobody holds, with what is in it, so that one process alone always has the same; what lies
// in others that nobody holds is written into the database by whoever finds it (adopt.go).
type store struct {
	number  int // 0: an external one
	lock    *os.File
	server  *server.Server
	conn    *nats.Conn
	js      jetstream.JetStream
	streams []string
}

const (
	prefix   = "BOOKVAULT_" // of the streams, one a partition
	consumer = "bookvault"

	openWithin = 20 * time.Second
	// storesAtMost bounds the processes on one folder.
	storesAtMost = 1000
	// unlimited is more than any disk has: what may be used is said by MaxBytes and MinFree.
	unlimited = 1 << 50
)

func subject(partition int) string { return "bookvault.queue." + strconv.Itoa(partition) }

// open opens the external store, or the first one in the folder that nobody holds.
func (q *Queue) open(ctx context.Context) (*store, error) {
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	if q.s.URL != "" {
		return q.openRemote(ctx)
	}
	if err := os.MkdirAll(q.s.Dir, 0o700); err != nil {
		return nil, err
	}
	for n := max(1, int(q.own.Load())); n <= storesAtMost; n++ {
		lock, err := hold(q.s.Dir, n)
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue
		}
		if err != nil {
			return nil, err
		}
		q.own.Store(int64(n))
		return q.openFolder(ctx, n, lock, q.s.Partitions)
	}
	return nil, fmt.Errorf("all of %d stores in %s are held by processes that run", storesAtMost, q.s.Dir)
}

// hold takes the lock of a store, or fails with EWOULDBLOCK when another process (or this one) has it. The lock file is never removed: a
// process that waits for it must not end up with one that is no longer the store's.
func hold(dir string, n int) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(n)+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, err
	}
	return lock, nil
}

// openFolder runs a server on a store whose lock we hold; partitions is how many to make room for beside those that are there.
func (q *Queue) openFolder(ctx context.Context, n int, lock *os.File, partitions int) (_ *store, err error) {
	s := &store{number: n, lock: lock}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	s.server, err = server.NewServer(&server.Options{
		ServerName: "bookvault-" + strconv.Itoa(n), DontListen: true, NoSigs: true, NoLog: true, NoSystemAccount: true, DisableJetStreamBanner: true,
		JetStream: true, StoreDir: filepath.Join(q.s.Dir, strconv.Itoa(n)), SyncAlways: true, // else what was promised is synced every two minutes
		JetStreamMaxStore: unlimited, JetStreamMaxMemory: 64 << 20,
	})
	if err != nil {
		return nil, err
	}
	s.server.Start()
	if !s.server.ReadyForConnections(openWithin) || !s.server.JetStreamEnabled() {
		return nil, fmt.Errorf("the store %s does not open", filepath.Join(q.s.Dir, strconv.Itoa(n)))
	}
	if s.conn, err = nats.Connect("", nats.InProcessServer(s.server), nats.NoReconnect()); err != nil {
		return nil, err
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return nil, err
	}
	names := s.js.StreamNames(ctx)
	for name := range names.Name() {
		s.streams = append(s.streams, name)
	}
	if err := names.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return nil, err
	}
	if err := q.removeFailed(ctx, s); err != nil {
		return nil, err
	}
	s.streams, err = q.makeStreams(ctx, s, partitions, 1)
	return s, err
}

// openRemote connects to an external NATS. The connection is kept, and made again when it is lost.
func (q *Queue) openRemote(ctx context.Context) (_ *store, err error) {
	s := &store{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.conn, err = nats.Connect(q.s.URL, nats.Name("bookvault"), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.ReconnectWait(reopenEvery), nats.Timeout(5*time.Second)); err != nil {
		return nil, err
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return nil, err
	}
	s.streams, err = q.makeStreams(ctx, s, q.s.Partitions, q.s.Replicas)
	return s, err
}

// makeStreams makes the stream of each partition, or gives it its present bounds, and names them all, with those that were there.
func (q *Queue) makeStreams(ctx context.Context, s *store, partitions, replicas int) ([]string, error) {
	names := s.streams
	for n := range partitions {
		name := prefix + strconv.Itoa(n)
		_, err := s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: []string{subject(n)}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Discard: jetstream.DiscardNew,
			MaxBytes: q.s.MaxBytes / int64(q.s.Partitions), Replicas: replicas, MaxConsumers: -1, MaxMsgs: -1, Duplicates: time.Second,
		})
		if err != nil {
			return nil, fmt.Errorf("the stream %s: %w", name, err)
		}
		known := false
		for _, have := range names {
			known = known || have == name
		}
		if !known {
			names = append(names, name)
		}
	}
	return names, nil
}

// removeFailed deletes a message that was answered as not stored, and is there all the same: only the last one of a stream can be.
func (q *Queue) removeFailed(ctx context.Context, s *store) error {
	for partition, id := range q.takeFailed() {
		stream, err := s.js.Stream(ctx, prefix+strconv.Itoa(partition))
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		last, err := stream.GetLastMsgForSubject(ctx, subject(partition))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if last.Header.Get(idHeader) == id {
			if err := stream.DeleteMsg(ctx, last.Sequence); err != nil {
				return err
			}
		}
	}
	return nil
}

// close ends the connection, the server and the lock, in whatever state the opening left them. Closed again, it does nothing.
func (s *store) close() {
	s.shut()
	if s.lock != nil {
		_ = s.lock.Close()
	}
}

// shut is close without the lock.
func (s *store) shut() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
}

// consumer gives a reader of a stream. Inside this process it is made anew, so that what an earlier reader did not finish comes again at
// once; outside it is shared with other processes, and comes again after a while.
func (s *store) consumer(ctx context.Context, stream string) (jetstream.Consumer, error) {
	c := jetstream.ConsumerConfig{Durable: consumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWithin, MaxAckPending: 4096}
	if s.server != nil {
		if err := s.js.DeleteConsumer(ctx, stream, consumer); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return nil, err
		}
		c.MemoryStorage = true
		c.AckWait = time.Hour // only this process reads, and it forgets nothing while it lives
	}
	return s.js.CreateOrUpdateConsumer(ctx, stream, c)
}

// Depth is what waits.
type Depth struct {
	Messages int       // each of one record or many
	Bytes    uint64    // on disk
	Oldest   time.Time // zero when nothing waits
}

// depth looks how much is in a store.
func (s *store) depth(ctx context.Context) (Depth, error) {
	var d Depth
	for _, name := range s.streams {
		stream, err := s.js.Stream(ctx, name)
		if err != nil {
			return Depth{}, err
		}
		state := stream.CachedInfo().State
		d.Messages, d.Bytes = d.Messages+int(state.Msgs), d.Bytes+state.Bytes
		if state.Msgs > 0 && (d.Oldest.IsZero() || state.FirstTime.Before(d.Oldest)) {
			d.Oldest = state.FirstTime
		}
	}
	return d, nil
}
