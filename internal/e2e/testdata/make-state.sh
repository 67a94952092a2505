#!/usr/bin/env bash
# Makes a fixture: what an mlpsync of an older schema version left behind, and the mock that it talked to. It takes the folder
# and the commit; make.sh in each folder calls it, from the repository's root.
#
# Five clients of the sample (all synthetic, TST numbers) are
# delivered; one registration is refused for good (parked), one row is rejected, and an order is left behind that
# no daemon carried out. The key file is made here, and protects nothing but this fixture.
set -euo pipefail
here=$(cd "$1" && pwd)
commit=$2
work=$(mktemp -d)
mock=
trap '[ -z "$mock" ] || kill "$mock"; rm -rf "$work"' EXIT
mkdir "$work/src" "$work/in"
git archive "$commit" | tar x -C "$work/src"
(cd "$work/src" && go build -o "$work/" ./cmd/mlpsync ./cmd/mockmlp)

clients='Z10740|Z10728|Z10773|Z10905|Z10233'
for file in "$work"/src/examples/export/*.csv; do
    awk -v clients="^($clients);" 'NR == 1 || $0 ~ clients { print; n++ } END { printf "Totaal aantal rijen;%d\r\n", n - 1 }' "$file" >"$work/${file##*/}"
done
# An INSZ with a wrong check number: this client is held.
sed -i '/^Z10233;/s/76\.66\.14-506\.65/76.66.14-506.66/' "$work"/clienten_*.csv

# Of the scenario the clients' own persons.
persons='07692154566|87701472706|83622054067|76661450665|84661405901'
awk -v persons="\"($persons)\"" '
    /^[a-z]/ { list = ($1 == "dossiers:"); keep = 1 }
    (list && /^  - /) || /^    - \{ssin/ { keep = $0 ~ persons }
    /^  [a-z]/ { keep = 1 }
    keep' "$work/src/examples/scenario.yaml" >"$work/scenario.yaml"

"$work/mockmlp" --listen 127.0.0.1:18931 --control 127.0.0.1:18932 --scenario "$work/scenario.yaml" --state "$work/mock" --seed 1 --rate=-1 &
mock=$!
cat >"$work/mlpsync.yaml" <<END
environment: test
today: "2026-03-16"
stateDir: state
keyFile: keys
mlp: {baseUrl: "http://127.0.0.1:18931", ratePerMinute: 2000, timeout: 5s}
files: {minimumAge: 1ms}
guard: {release: true}
ocmws:
  - name: OCMW Zonnedorp
    kbo: "0999999031"
    nis: [{code: "99991"}]
    inbox: in
    reports: reports
    profile: src/examples/profile.yaml
    defaultCaseworker: mw-000
    credentials: {clientId: mlpsync-demo, clientSecret: {file: secret.txt}, apiKey: {file: key.txt}}
END
echo demo-secret >"$work/secret.txt"
echo demo-key >"$work/key.txt"
run() { "$work/mlpsync" "$@" -c "$work/mlpsync.yaml"; }
until curl -fs http://127.0.0.1:18932/control/clock >/dev/null; do :; done
curl -fsS http://127.0.0.1:18932/control/faults -d '{"match": {"operationId": "putCategory", "person": "07692154566"}, "response": {"status": 400}}' >/dev/null
mv "$work"/*.csv "$work/in/"
run once --wait 3s || true
curl -fsS -X DELETE http://127.0.0.1:18932/control/faults
entry=$(run queue list --state parked | awk 'NR == 2 { print $1 }')
run queue discard "$entry" --reason "hoort niet naar VDAB te gaan"
run status
kill "$mock"
wait "$mock" || true
mock=

rm -rf "$here/state" "$here/mock" "$here/keys"
mkdir "$here/state"
cp "$work/state/ledger.db" "$here/state/"
cp -r "$work/state/files" "$here/state/"
cp -r "$work/mock" "$here/"
rm -f "$here/mock/mockmlp.lock"
cp "$work/keys" "$work/src/examples/profile.yaml" "$here/"
