#!/bin/sh
# tpm2-pkcs11 makes keys on P-521, lists ECDSA for them, and answers CKR_HOST_MEMORY to a signature that the TPM itself makes.
#
# Seen with Debian's libtpm2-pkcs11-1 1.9.0-0.1+deb12u1, OpenSC 0.23.0 (pkcs11-tool), tpm2-tools 5.4 and swtpm 0.7.1, a TPM with
# the curves P-256, P-384 and P-521:
#   C_GetMechanismInfo     ECDSA, ECDSA-KEY-PAIR-GEN: keySize={192,638}, hw
#   C_GenerateKeyPair      on each of the three curves: success
#   C_SignInit, C_Sign     P-256 and P-384: success; P-521: C_SignInit answers CKR_HOST_MEMORY
#   tpm2_sign              P-521, the same TPM: success
# PKCS#11 2.40, section 5.1.1: CKR_HOST_MEMORY says that the computer has not enough memory, so an application waits or gives
# up; a mechanism that is not for keys of a size has other codes (CKR_KEY_SIZE_RANGE), and ulMaxKeySize to say so. Expected: a
# signature, or a mechanism whose largest key is 384 bits, and no key pair on P-521.
#
# Ends with 0 while this is so. Needs Debian 12 with apt-get, opensc, openssl, swtpm, tpm2-tools, libtss2-tcti-swtpm0.
set -eu
version=1.9.0-0.1+deb12u1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download "libtpm2-pkcs11-1=$version" > download.log 2>&1 || { cat download.log; exit 1; }
dpkg -x libtpm2-pkcs11-1_*.deb .
module=$(find "$folder/usr" -name 'libtpm2_pkcs11.so.1.*')
mkdir state store
swtpm socket --tpm2 --flags=not-need-init,startup-clear --tpmstate dir=state \
    --server "type=unixio,path=tpm" --ctrl "type=unixio,path=tpm.ctrl" > swtpm.log 2>&1 &
tpm=$!
trap 'kill $tpm; rm -rf "$folder"' EXIT
while ! [ -S tpm.ctrl ]; do kill -0 $tpm; sleep 0.1; done
export TPM2_PKCS11_TCTI="swtpm:path=$folder/tpm" TPM2TOOLS_TCTI="swtpm:path=$folder/tpm" TPM2_PKCS11_STORE="$folder/store"
export TPM2_PKCS11_LOG_LEVEL=0 TSS2_LOG=all+NONE
# No broker runs here, so what a process left in the TPM is flushed after it.
flush() { tpm2_flushcontext --transient-object; tpm2_flushcontext --loaded-session; }
tool() { pkcs11-tool --module "$module" "$@"; }
tool --slot 1 --init-token --label t --so-pin 1234 > init.log 2>&1; flush
tool --token-label t --login --login-type so --so-pin 1234 --init-pin --new-pin 1234 >> init.log 2>&1; flush
tool --token-label t --list-mechanisms | grep "  ECDSA" | head -2 | tee mechanisms
head -c 64 /dev/urandom > digest
for bits in 256 384 521; do
    tool --token-label t --login --pin 1234 --keypairgen --key-type "EC:secp${bits}r1" --id "0$bits" --usage-sign > made.log 2>&1
    flush
    head -c $((bits < 512 ? bits / 8 : 64)) digest > hashed
    tool --token-label t --login --pin 1234 --sign --mechanism ECDSA --id "0$bits" \
        --input-file hashed --output-file signature > sign.log 2>&1 && wc -c < signature > result ||
        grep -o 'C_Sign.*' sign.log > result
    flush
    echo "P-$bits: $(cat result)" | tee -a results
done
tpm2_createprimary --quiet --key-algorithm ecc521:ecdsa-sha512 --hierarchy o --key-context key \
    --attributes 'sign|fixedtpm|fixedparent|sensitivedataorigin|userwithauth'
tpm2_sign --quiet --key-context key --hash-algorithm sha512 --scheme ecdsa --digest --format plain --signature direct digest
tpm2_readpublic --quiet --object-context key --format pem --output key.pem
openssl pkeyutl -verify -pubin -inkey key.pem -in digest -sigfile direct | grep -q "Verified Successfully"
echo "P-521 by tpm2_sign: valid"
grep -q "ECDSA, keySize={192,638}" mechanisms
cat > wanted <<'END'
P-256: 64
P-384: 96
P-521: C_SignInit failed: rv = CKR_HOST_MEMORY (0x2)
END
cmp results wanted || { echo "no longer so" >&2; exit 1; }
