#!/usr/bin/env bash
# Everything that only a machine with an NVIDIA GPU can tell, in one call:
#
#   scripts/gpu-check.sh [-quick] [FOLDER]
#
# Run it in the repository. What is there (CUDA's headers, ptxas, compute-sanitizer,
# PyTorch) is used, and what is not is named. The output also goes to FOLDER
# (gpu-check). It ends with the checks that failed, if any. -quick leaves out
# compute-sanitizer, the demo and compiled PyTorch.
#
# A machine with a GPU may have no Go: then build the two programs elsewhere, by
#
#   scripts/gpu-check.sh -build [FOLDER]
#
# and take FOLDER along with the repository.
set -uo pipefail
cd "$(dirname "$0")/.."
build= quick=
case ${1:-} in
-build) build=1 && shift ;;
-quick) quick=1 && shift ;;
esac
out=${1:-gpu-check}
mkdir -p "$out"
if command -v go >/dev/null; then
	go build -o "$out/diffclip" ./cmd/diffclip && go test -c -o "$out/cuda.test" ./cuda || exit 1
fi
[[ -z $build ]] || exit 0
exec > >(tee "$out/log.txt") 2>&1
failed=()

section() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
check() { # check NAME COMMAND...
	local name=$1
	shift
	if "$@"; then echo "-- $name: passed"; else echo "-- $name: FAILED" && failed+=("$name"); fi
}
first() { for f in "$@"; do [[ -e $f ]] && echo "$f" && return; done; }
tool() { command -v "$1" || first /usr/local/cuda/bin/"$1" /usr/local/cuda-*/bin/"$1"; }

section "machine"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv || { echo "nvidia-smi does not answer: is there a driver?"; exit 1; }
"$out/diffclip" info
"$out/diffclip" info | grep -q '^gpu .*compute capability' || { echo "diffclip uses no GPU; the line above says why"; exit 1; }

section "declarations against the headers"
headers=$(first /usr/local/cuda/include/cublas_v2.h /usr/local/cuda-*/include/cublas_v2.h /usr/include/cublas_v2.h)
# cuDNN's lie beside CUDA's, or where a Python package put them.
cudnn=
for root in "${VIRTUAL_ENV:-/none}" "${CONDA_PREFIX:-/none}" "$HOME/.local" /usr/local /usr; do
	[[ -n $cudnn ]] || cudnn=$(first "$root"/lib/python3*/*-packages/nvidia/cudnn/include/cudnn.h "$root"/include/cudnn.h "$root"/include/*/cudnn.h)
done
if [[ -n $headers ]]; then
	check headers g++ -std=c++17 -Wall -fsyntax-only -I"$(dirname "$headers")" ${cudnn:+-I"$(dirname "$cudnn")"} cuda/internal/driver/abi/abi.cc
	[[ -n $cudnn || -e $(dirname "$headers")/cudnn.h ]] || echo "no cudnn.h here: its part was left out"
else
	echo "no CUDA headers here"
fi

section "the PTX by NVIDIA's assembler: registers and spills"
if ptxas=$(tool ptxas) && [[ -n $ptxas ]]; then
	arch=sm_$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader -i 0 | tr -d .)
	check ptxas "$ptxas" -arch="$arch" -v cuda/kernels/kernels.ptx -o "$out/kernels.cubin" 2>"$out/ptxas.txt"
	grep -B1 'spill stores' "$out/ptxas.txt" | grep -v '^--' | paste - - | grep -v ' 0 bytes spill stores' | head -40
else
	echo "no ptxas here"
fi

section "tests on the device"
export DIFFCLIP_TEST_GPU=1
binary=$(cd "$out" && pwd)/cuda.test
in_cuda() { (cd cuda && "$@"); }
for name in $(in_cuda "$binary" -test.list '^TestDevice'); do
	check "$name" in_cuda "$binary" -test.v -test.run "^$name\$" >"$out/$name.txt" 2>&1
	grep -E '^ *(--- FAIL|.*_test\.go:.*(error|want|other|processor))' "$out/$name.txt" | head -8
	tail -n 1 "$out/$name.txt"
done
grep -hoE '[a-z0-9]+: (cuDNN computes|conv).*' "$out/TestDeviceConvolution.txt"

if [[ -z $quick ]]; then
	section "compute-sanitizer"
	if sanitizer=$(tool compute-sanitizer) && [[ -n $sanitizer ]]; then
		for t in memcheck racecheck initcheck synccheck; do
			check "$t" in_cuda timeout 300 "$sanitizer" --tool "$t" --error-exitcode 9 "$binary" -test.run '^TestDeviceStrict$' >"$out/$t.txt" 2>&1
			tail -n 2 "$out/$t.txt"
		done
	else
		echo "no compute-sanitizer here"
	fi

	section "bits of two runs"
	for run in a b; do
		"$out/diffclip" demo -device cuda -out "$out/demo-$run" -force >"$out/demo-$run.txt" 2>&1 || failed+=("demo $run")
	done
	check "same weights" cmp "$out/demo-a/stage2.safetensors" "$out/demo-b/stage2.safetensors"
	check "same map" cmp "$out/demo-a/map.tif" "$out/demo-b/map.tif"
fi

section "times"
for precision in f32 tf32 bf16; do
	for workload in pretrain fewshot infer scene; do
		times=$("$out/diffclip" bench -workload "$workload" -device cuda -precision "$precision" -steps 50 -json) || failed+=("bench $workload $precision")
		echo "$precision: $times"
	done
done
section "where the time goes"
for workload in pretrain fewshot infer; do
	"$out/diffclip" bench -workload "$workload" -device cuda -steps 20 -profile || failed+=("profile $workload")
done
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
	section "PyTorch beside it"
	peer() { timeout 200 python3 bench/peers/torch_peer.py --device cuda --steps 50 --json "$@" 2>"$out/torch.txt" || { failed+=("PyTorch $*") && tail -n 25 "$out/torch.txt"; }; }
	for workload in pretrain fewshot infer; do
		peer --workload "$workload"
		[[ -z $quick ]] || continue
		for mode in default reduce-overhead; do
			for precision in "" --bf16; do
				peer --workload "$workload" --variant tuned --compile "$mode" $precision
			done
		done
	done
else
	echo "no PyTorch with CUDA here"
fi

section "done"
if ((${#failed[@]})); then
	printf 'failed: %s\n' "${failed[@]}"
	exit 1
fi
echo "all checks passed; docs/gpu.md is the place for what was found"
