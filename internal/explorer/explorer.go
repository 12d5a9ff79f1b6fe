package explorer

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"diffclip/internal/run"
	"diffclip/tensor"
)

// Config says what to serve.
type Config struct {
	Dir    string // folder of the run
	Data   string // path of the data, "" for the run's own
	Remote bool   // answer other machines too

	// Open returns a backend to compute on: the explorer opens one for what is asked
	// and one for the map. Nil takes every processor.
	Open func() (Backend, error)
}

// Backend is one that can be given back.
type Backend interface {
	tensor.Backend
	Close()
}

// Explorer answers for one run.
type Explorer struct {
	cfg    Config
	folder run.Folder

	// The models and what is computed by them belong to whoever holds the engine;
	// queue counts those who hold it or wait.
	engine chan struct{}
	queue  chan struct{}
	be     Backend // nil after its device failed
	loaded *loaded

	maps    *mapper
	streams chan struct{} // places for event streams
	handler http.Handler
}

const (
	maxWaiting = 16 // requests that compute or wait to
	maxStreams = 8  // event streams
	maxOpen    = 64 // requests at a time

	// patience is how long a request may wait and compute.
	patience = 30 * time.Second
)

//go:embed static
var static embed.FS

// New returns an explorer of the run in cfg.Dir. It is an error where there is no
// run; stages may be missing, and their parts of the page say so.
func New(cfg Config) (*Explorer, error) {
	folder, _, err := run.Open(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if cfg.Open == nil {
		cfg.Open = func() (Backend, error) { return tensor.NewCPU(0), nil }
	}
	e := &Explorer{cfg: cfg, folder: folder, engine: make(chan struct{}, 1), queue: make(chan struct{}, maxWaiting),
		streams: make(chan struct{}, maxStreams), maps: newMapper()}
	e.handler = e.guard(e.routes())
	if e.be, err = cfg.Open(); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *Explorer) routes() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /report.html", e.report)
	mux.HandleFunc("GET /api/events", e.events)
	for pattern, handle := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"GET /api/state":     e.state,
		"GET /api/picture":   e.picture,
		"GET /api/truth":     e.truth,
		"GET /api/attention": e.attention,
		"GET /api/restore":   e.restore,
		"GET /api/features":  e.features,
		"POST /api/map":      e.sceneMap,
		"POST /api/pixel":    e.pixel,
	} {
		mux.HandleFunc(pattern, answer(handle))
	}
	return mux
}

// ServeHTTP implements http.Handler.
func (e *Explorer) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.handler.ServeHTTP(w, r) }

// Serve answers on l until ctx ends, then lets requests finish for a moment.
func (e *Explorer) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer e.Close()
	s := &http.Server{
		Handler: e, BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 2 * patience, WriteTimeout: 2 * patience, IdleTimeout: time.Minute,
		MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, stop := context.WithTimeout(context.Background(), 3*time.Second)
	defer stop()
	if err := s.Shutdown(last); err != nil {
		s.Close()
	}
	<-ended
	return ctx.Err()
}

// Close ends what goes on in the background, and waits for a request that computes.
func (e *Explorer) Close() {
	e.maps.stop()
	e.engine <- struct{}{}
	defer func() { <-e.engine }()
	e.drop()
}

// failure is an answer that is an error of the one who asks, or of the moment.
type failure struct {
	status int
	error
}

func refuse(status int, format string, args ...any) error {
	return failure{status, fmt.Errorf(format, args...)}
}

// answer turns a handler's error into a status and a JSON message.
func answer(handle func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		err := handle(w, r.WithContext(ctx))
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		var f failure
		switch {
		case errors.As(err, &f):
			status = f.status
		case errors.Is(err, context.DeadlineExceeded):
			status, err = http.StatusServiceUnavailable, errors.New("this took too long: the machine is busy, try again")
		case errors.Is(err, context.Canceled):
			return // nobody waits for it
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
	}
}

func writeJSON(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		writeBytes(w, "application/json", text)
	}
	return err
}

// writeBytes answers. It is not for who holds the engine: a reader may be slow.
func writeBytes(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Write(body) // where it fails there is nobody left to tell
}

// with runs f with the models, alone.
func (e *Explorer) with(ctx context.Context, f func(l *loaded) error) error {
	select {
	case e.queue <- struct{}{}:
		defer func() { <-e.queue }()
	default:
		return refuse(http.StatusServiceUnavailable, "%d requests wait already: try again in a moment", maxWaiting)
	}
	select {
	case e.engine <- struct{}{}:
		defer func() { <-e.engine }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return e.compute(f)
}

// compute is with for who holds the engine. After a failure of the device models
// and backend are made anew by the next request: the memory that was missing may be
// there again.
func (e *Explorer) compute(f func(l *loaded) error) (err error) {
	defer func() {
		if device := (*tensor.DeviceError)(nil); errors.As(err, &device) {
			e.drop()
			err = refuse(http.StatusServiceUnavailable, "the device failed: %w", err)
		}
	}()
	defer tensor.CatchDevice(&err)
	if err := e.load(); err != nil {
		return err
	}
	return f(e.loaded)
}

// drop lets go of models and backend.
func (e *Explorer) drop() {
	if e.be != nil {
		e.be.Close()
	}
	e.be, e.loaded = nil, nil
}

// report serves the run's own page, which brings its styles and pictures along.
func (e *Explorer) report(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	http.ServeFile(w, r, e.folder.Path("report.html"))
}
