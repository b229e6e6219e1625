# bash completion for dimse; written by python -m dimsetools.docgen

_dimse_nodes() {
    {
        sed -n 's/^[[:space:]]*\[nodes\.\"\{0,1\}\([A-Za-z0-9_-]*\).*/\1/p' "$DIMSE_CONFIG" dimse.toml "${XDG_CONFIG_HOME:-$HOME/.config}/dimse/config.toml" /etc/dimse/config.toml
        env | sed -n 's/^DIMSE_NODE_\([A-Za-z0-9._-]*\)=.*/\1/p'
    } 2>/dev/null | sort -u
}

# Offers words, or with -f and -d files and folders, that begin with what stands at the cursor.
_dimse_offer() {
    [[ $1 == -[fd] ]] && compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$@" -- "$current")
}

_dimse() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command= options takes i position=0
    COMPREPLY=()
    if [[ $current == '=' ]]; then
        current=
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    ((COMP_CWORD > 1)) && command=${COMP_WORDS[1]}
    case $command in
        '') _dimse_offer -W 'echo store find scp demo --help --version'; return ;;
        echo)
            options='--all -j --jobs --nagios -w --warning -c --critical --prom -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' -j --jobs -w --warning -c --critical --prom --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        store)
            options='--files-from -0 --null --include --exclude -j --jobs --retry --never-transcode --allow-truncated --trim --fail-fast --report -h --help --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --files-from --include --exclude -j --jobs --retry --report --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --stats --trace --color ' ;;
        find)
            options='--limit --count --sort --split-by --extract --error-on-empty -h --help -k --key -r --return -f --file -L --level -M --model -P -S -O -W --no-check --assume-charset --relational --fuzzy --datetime --timezone --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls --no-tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --tls-insecure --user --password-file --identity-token-file --identity-type --identity-response --allow-cleartext-auth --repeat --interval --abort --dry-run --strict --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --trace --trace-phi --color'
            takes=' --limit --sort --split-by --extract -k --key -r --return -f --file -L --level -M --model --assume-charset --aet --aec --bind --profile --connect-timeout --acse-timeout --dimse-timeout --idle-timeout --total-timeout --max-pdu --async --priority --ts --role --ext --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-server-name --user --password-file --identity-token-file --identity-type --repeat --interval --format --fields --trace --color ' ;;
        scp)
            options='-h --help --aet --any-called --port --bind --allow --allow-any --any-class --require-user --allow-cleartext-auth --max-associations --layout --durability --on-duplicate --file-mode --min-free --ignore --on-object --on-study --study-timeout --no-index --worklist --dest --reindex --check --exit-after --timeout --grace --ready-file --log-phi --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --tls-no-client-auth --format --json --fields --no-headers -q --quiet -v --verbose -d --debug --log-json --stats --trace --trace-phi --color'
            takes=' --aet --port --bind --allow --require-user --max-associations --layout --durability --on-duplicate --file-mode --min-free --on-object --on-study --study-timeout --worklist --dest --exit-after --timeout --grace --ready-file --profile --acse-timeout --dimse-timeout --idle-timeout --max-pdu --async --ts --tls-ca --tls-cert --tls-key --tls-key-password-file --tls-profile --format --fields --stats --trace --color ' ;;
        demo)
            options='-h --help -d --debug --color'
            takes=' --color ' ;;
        *) return ;;
    esac
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ $takes == *" ${COMP_WORDS[i]} "* ]]; then
            ((i++))
            [[ ${COMP_WORDS[i]} == '=' ]] && ((i++))
        elif [[ ${COMP_WORDS[i]} != -* ]]; then
            ((position++))
        fi
    done
    case $command/$previous in
        echo/--prom | \
        echo/--tls-ca | \
        echo/--tls-cert | \
        echo/--tls-key | \
        echo/--tls-key-password-file | \
        echo/--password-file | \
        echo/--identity-token-file | \
        echo/--trace | \
        store/--files-from | \
        store/--report | \
        store/--tls-ca | \
        store/--tls-cert | \
        store/--tls-key | \
        store/--tls-key-password-file | \
        store/--password-file | \
        store/--identity-token-file | \
        store/--trace | \
        find/-f | find/--file | \
        find/--tls-ca | \
        find/--tls-cert | \
        find/--tls-key | \
        find/--tls-key-password-file | \
        find/--password-file | \
        find/--identity-token-file | \
        find/--trace | \
        scp/--ready-file | \
        scp/--tls-ca | \
        scp/--tls-cert | \
        scp/--tls-key | \
        scp/--tls-key-password-file | \
        scp/--trace) _dimse_offer -f; return ;;
        echo/--tls-profile | \
        store/--tls-profile | \
        find/--tls-profile | \
        scp/--tls-profile) _dimse_offer -W 'bcp195 bcp195-extended rfc8996'; return ;;
        echo/--identity-type | \
        store/--identity-type | \
        find/--identity-type) _dimse_offer -W 'user userpass kerberos saml jwt'; return ;;
        echo/--format | \
        store/--format | \
        find/--format | \
        scp/--format) _dimse_offer -W 'table tsv csv dump json dicom-json xml'; return ;;
        echo/--color | \
        store/--color | \
        find/--color | \
        scp/--color | \
        demo/--color) _dimse_offer -W 'auto always never'; return ;;
        store/--priority | \
        find/--priority) _dimse_offer -W 'medium high low'; return ;;
        find/--split-by) _dimse_offer -W 'day month'; return ;;
        find/--extract | \
        scp/--worklist) _dimse_offer -d; return ;;
        scp/--durability) _dimse_offer -W 'full file none'; return ;;
        scp/--on-duplicate) _dimse_offer -W 'keep replace reject both'; return ;;
        *) [[ $takes == *" $previous "* ]] && return ;;
    esac
    if [[ $current == -* ]]; then
        _dimse_offer -W "$options"
        return
    fi
    case $command/$position in
        echo/*) _dimse_offer -W "$(_dimse_nodes)" ;;
        store/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        store/*) _dimse_offer -f ;;
        find/0) _dimse_offer -W "$(_dimse_nodes)" ;;
        scp/0) _dimse_offer -f ;;
    esac
}

complete -F _dimse dimse
