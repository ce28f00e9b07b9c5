package main

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"ronde.dev/lab/tools/internal/kube"
)

const workers = 24

// each does one thing to every object of a plan, many at once, until one fails.
func each(ctx context.Context, objects map[place]int, do func(place, int) error) error {
	return parallel(ctx, maps.Keys(objects), func(at place) error { return do(at, objects[at]) })
}

func parallel[T any](ctx context.Context, things iter.Seq[T], do func(T) error) error {
	queue := make(chan T)
	var failed atomic.Value
	var group sync.WaitGroup
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for thing := range queue {
				if err := do(thing); err != nil {
					failed.CompareAndSwap(nil, fmt.Errorf("%v: %w", thing, err))
				}
			}
		}()
	}
	for thing := range things {
		if failed.Load() != nil || ctx.Err() != nil {
			break
		}
		queue <- thing
	}
	close(queue)
	group.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	return ctx.Err()
}

// retry asks again when the API server has too much to do.
func retry(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if kube.Code(err) != http.StatusTooManyRequests {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(500 * time.Millisecond):
		return nil
	}
}
