// stub.h: a stand-in for NVIDIA's driver, cuBLAS and cuDNN on the processor, for tests.
// One library plays all. It is strict where a device is silent: memory has
// guards around it and is filled with NaN, host pointers are told from device
// pointers, and faults show at the next synchronisation and stay, as on a device.
// Kernels are the same sources, compiled as C++ (kernels/host/fiber.h).
#pragma once
#include "fiber.h"
#include <functional>
#include <mutex>
#include <string>

#define API extern "C" __attribute__((visibility("default")))

typedef unsigned long long deviceptr;

enum Code {
    OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, TOOLKIT = 34, NO_DEVICE = 100, INVALID_CONTEXT = 201,
    INVALID_PTX = 218, UNSUPPORTED_PTX = 222, INVALID_HANDLE = 400, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719,
    CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901,
};

// Modes, words of the variable DIFFCLIP_CUDA_STUB separated by commas.
struct Modes {
    bool async;    // work runs only when the host waits for it
    bool protect;  // device memory that the host touches is a fault
    bool tf32;     // products round their factors as they are asked to
    bool nodevice; // there is a driver and no device
    bool toolkit;  // what is there is the toolkit's stub and no driver
    bool oldptx;   // the driver does not read the kernels' PTX
    bool noblas;   // cuBLAS does not start
    bool nodnn;    // cuDNN does not start
    bool refuse;   // cuDNN refuses convolutions in groups: when it is asked how much memory they want
    bool refuselate; // or only when they are to run
    bool log;      // say on standard error what is wrong
    fiber::Order order; // of threads: reverse or random, else forward
    long memory;   // memory=N: bytes of the device
    long lose;     // lose=N: the N-th launch fails, and all after it
    int driver;    // driver=N: the driver's version
    long capability; // capability=N: the device's, 10 times
    long dnn;      // dnn=N: cuDNN's
};
extern Modes modes;

// A Stream is a list of work to do, and what it is being captured into.
struct Stream;

// submit hands in work: at once, later, or into the graph that is being captured.
int submit(Stream *s, std::function<int()> work);

// fail notes a message and returns the code.
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

// context reports whether this thread has one.
bool context();

// on_device reports whether bytes of memory are the device's.
bool on_device(deviceptr p, size_t bytes);

// rounded keeps so many bits of the fraction, to the nearest, ties to even.
float rounded(float v, int bits);

extern std::recursive_mutex lock;
struct Locked {
    std::lock_guard<std::recursive_mutex> guard{lock};
};
