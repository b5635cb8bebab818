# What demo.sh and demo-stop.sh agree on. To be sourced in the repository's root.

home=$PWD/.local/demo
data=$home/data
log=$home/serve.log
pid_file=$home/serve.pid
secret=$home/operator-password
api=127.0.0.1:${DEMO_PORT:-8080}
gateway=127.0.0.1:${DEMO_GATEWAY_PORT:-8090}
ssh_port=${DEMO_SSH_PORT:-30022}
ports=${DEMO_PORTS:-31000-31999}
bundle=/etc/ssl/certs/ca-certificates.crt
export XDG_CONFIG_HOME=$home/client
unset WEIR_SERVER WEIR_TOKEN WEIR_WORKSPACE WEIR_PROJECT

# A server that runs is talked to where it was told to listen.
addresses=$home/addresses

# The process of the demo's server, if it runs: a number that was taken by another program since does not count.
server_pid() {
    local pid
    pid=$(cat "$pid_file" 2>/dev/null) || return 1
    [[ -n $pid && -r /proc/$pid/cmdline ]] || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "serve --data $data" && echo "$pid"
}

if server_pid >/dev/null && [[ -s $addresses ]]; then read -r api gateway <"$addresses"; fi
