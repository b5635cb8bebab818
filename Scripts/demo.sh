#!/usr/bin/env bash
# Plays the whole story on real input through the command line, and leaves Weir running: `make demo-stop` ends it.
# A second run finds what the first one made, and trains and serves anew.
set -euo pipefail
cd "$(dirname "$0")/.."
source Scripts/demo/common.sh

weir=${WEIR:-$(swift build --show-bin-path)/weir}
python=.build/python/bin/python
begin=$EPOCHREALTIME
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

number=0
# Runs a step and prints its number, what it is and how long it took; what it printed stands below it.
step() {
    local title=$1 start=$EPOCHREALTIME
    shift
    number=$((number + 1))
    if ! "$@" >"$home/step.out" 2>"$home/step.err"; then
        printf '%2d  %-62s FAILED after %s s\n' "$number" "$title" "$(since "$start")"
        tail -n 40 "$home/step.out" "$home/step.err" >&2
        printf '\nThe server'\''s log is %s; its end:\n' "$log" >&2
        tail -20 "$log" >&2 || true
        exit 1
    fi
    printf '%2d  %-62s %7s s\n' "$number" "$title" "$(since "$start")"
    sed 's/^/      /' "$home/step.out"
}

start_server() {
    if server_pid >/dev/null && "$weir" whoami --quiet >/dev/null 2>&1; then
        echo "it runs already, at http://$api"
        return
    fi
    if curl -s -o /dev/null "http://$api/"; then
        echo "another program listens at $api: end it, or choose by DEMO_PORT, DEMO_GATEWAY_PORT and DEMO_SSH_PORT" >&2
        return 1
    fi
    mkdir -p "$data"
    echo "$api $gateway" >"$addresses"
    # Containers trust what this host trusts: behind an inspecting proxy nothing could be fetched otherwise.
    local trusted=()
    if [[ -r $bundle ]]; then trusted=(--set "engine.ca_bundle=$bundle"); fi
    # On two cores, an environment, a service and a job have to run side by side, and whatever else people try.
    setsid "$weir" serve --data "$data" --listen "$api" --gateway-listen "$gateway" --set "gateway.ports=$ports" \
        --set "ssh.listen=127.0.0.1:$ssh_port" --set engine.cpu_overcommit=4 "${trusted[@]}" >>"$log" 2>&1 </dev/null &
    echo $! >"$pid_file"
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        if server_pid >/dev/null && curl -fs -o /dev/null "http://$api/readyz"; then
            echo "listening at http://$api, tools at http://$gateway"
            return
        fi
        server_pid >/dev/null || { echo "weir serve has ended" >&2; return 1; }
        sleep 0.1
    done
    echo "weir serve is not ready after 60 s" >&2
    curl -s "http://$api/readyz" >&2
    return 1
}

# The one-time password of the first start is used once, for a password that is kept beside the demo's data.
log_in() {
    if [[ ! -s $secret ]]; then
        local once
        once=$(cat "$data/operator-one-time-password")
        "$weir" login "http://$api" --name operator --quiet <<<"$once" >/dev/null
        (umask 077 && LC_ALL=C tr -dc 'a-hjkmnp-z2-9' </dev/urandom | head -c 16 >"$secret.new") || true
        printf '%s\n%s\n' "$once" "$(cat "$secret.new")" | "$weir" password --quiet
        mv "$secret.new" "$secret"
    fi
    "$weir" login "http://$api" --name operator <"$secret"
}

build_image() {
    if "$weir" image list --quiet --json | grep -q '"reference" : ".*notebook'; then
        echo "the notebook image is there"
        return
    fi
    "$weir" image build-official notebook
}

make_project() {
    "$weir" workspace use vision >/dev/null 2>&1 || "$weir" workspace create vision --use
    "$weir" project use digits 2>/dev/null || "$weir" project create digits --description 'Handwritten digits' --tag vision --use
}

# The data is what scikit-learn's own package ships: 1,797 digits that people wrote.
fetch_data() {
    local file=$home/digits.csv
    if [[ ! -s $file ]]; then
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
            -r Scripts/deps/demo-data.lock -d "$home/wheels"
        "$python" - "$home"/wheels/scikit_learn-*.whl "$file" <<'PYTHON'
import gzip, sys, zipfile
content = zipfile.ZipFile(sys.argv[1]).read("sklearn/datasets/data/digits.csv.gz")
open(sys.argv[2], "wb").write(gzip.decompress(content))
PYTHON
        rm -rf "$home/wheels"
    fi
    echo "$(wc -l <"$file") digits, $(stat -c %s "$file") bytes"
}

upload_data() {
    if "$weir" dataset files digits --quiet 2>/dev/null | grep -qx digits.csv; then
        "$weir" dataset versions digits
        return
    fi
    "$weir" dataset show digits --quiet >/dev/null 2>&1 ||
        "$weir" dataset create digits --data-type table --scenario image_classification --quiet >/dev/null
    "$weir" dataset upload digits "$home/digits.csv" --confirm --note 'As scikit-learn ships it'
}

start_environment() {
    local state
    state=$("$weir" env show lab --json 2>/dev/null | sed -nE 's/^  "state" : "(.*)",?$/\1/p' || true)
    case $state in
    running) echo "lab is running" ;;
    stopped | failed) "$weir" env start lab --wait ;;
    "") "$weir" env create lab --flavor cpu-small --dataset digits --auto-stop 12h --wait ;;
    *) "$weir" env stop lab --yes --wait && "$weir" env start lab --wait ;;
    esac
}

run_cell() {
    "$python" Scripts/demo/cell.py "$("$weir" env enter lab --tool jupyterlab --quiet)" explore.ipynb <Scripts/demo/explore.cell
}

# As a person does it, with a key and an entry of ~/.ssh/config; the host key is compared with what Weir shows.
work_over_ssh() {
    local own=$home/ssh
    mkdir -p "$own"
    [[ -s $own/id ]] || ssh-keygen -q -t ed25519 -N '' -C demo -f "$own/id"
    "$weir" ssh-key list --json | grep -qF "$(ssh-keygen -lf "$own/id.pub" | cut -d' ' -f2)" || "$weir" ssh-key add "$own/id.pub" --name demo
    "$weir" ssh fingerprints --known-hosts >"$own/known_hosts"
    "$weir" ssh config lab >"$own/config"
    local host options
    host=$(awk '$1 == "Host" { print $2 }' "$own/config")
    options=(-F "$own/config" -i "$own/id" -o "UserKnownHostsFile=$own/known_hosts" -o BatchMode=yes)
    ssh "${options[@]}" "$host" 'echo "ssh: $(id -un) in $(pwd), $(ls | wc -l) files"'
    printf 'put %s over-sftp.bin\nget over-sftp.bin %s\nrm over-sftp.bin\n' "$weir" "$own/back" | sftp -q "${options[@]}" -b - "$host" >/dev/null
    cmp "$weir" "$own/back"
    echo "sftp: $(stat -c %s "$own/back") bytes there and back, the same"
    rm -f "$own/back"
}

train() {
    "$weir" job submit "$job" --flavor cpu-small --dataset digits --follow -- python train.py --epochs 30 --least 0.95
}

serve_model() {
    "$weir" service delete digits --yes --quiet >/dev/null 2>&1 || true
    # The flavor is the smallest: the service goes on beside the environment for as long as the demo runs.
    "$weir" service create digits --flavor cpu-small --model digits-net --port 8000 --health /health --sign --wait \
        -- python serve.py --port 8000
}

predict() {
    "$python" Scripts/demo/predict.py "http://$("$weir" service port show digits --quiet)" "$home/digits.csv"
}

# What ran to its end is on the bill a moment after; what still runs is settled at each full hour.
show_bill() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        if "$weir" bill --kind job --limit 1 --quiet | grep -q .; then break; fi
        sleep 0.1
    done
    "$weir" bill
    "$weir" balance
}

check_bill() {
    "$weir" bill --json >"$home/bill.json"
    "$weir" bill verify "$home/bill.json"
}

mkdir -p "$home"
job=train-$(date +%m%d-%H%M%S)
printf 'The story of a model, from an empty machine to an address that answers.\n\n'
step "start Weir" start_server
step "log in as the operator" log_in
step "build the notebook image" build_image
step "make a workspace and a project" make_project
step "upload the project's code" "$weir" project code upload Scripts/demo/code
step "get the handwritten digits that scikit-learn ships" fetch_data
step "upload them, and make a version of the dataset" upload_data
step "start an environment with JupyterLab" start_environment
step "execute a notebook cell through JupyterLab's websocket" run_cell
step "a command over SSH, a file there and back by SFTP" work_over_ssh
step "train: a job, to at least 0.95 accuracy on held-out digits" train
step "make its output a version of a model" "$weir" job export "$job" --to-model digits-net --path model
step "serve the model behind an external port" serve_model
step "predict through that port" predict
step "what ran, and for how long" "$weir" list --limit 12
step "the bill of it" show_bill
step "export the bill, and compute it again without the server" check_bill

cat <<END

The whole story took $(since "$begin") s. Weir goes on running:

  console      http://$api
  login        operator
  password     $(cat "$secret")
  predictions  http://$("$weir" service port show digits --quiet)/predict
  JupyterLab   $("$weir" env enter lab --quiet)

  for \`weir\` in this shell:  export XDG_CONFIG_HOME=$XDG_CONFIG_HOME PATH=$(dirname "$weir"):\$PATH
  to end it:                 make demo-stop
END
