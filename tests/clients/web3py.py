"""web3.py against a Spillway node.

    SPILLWAY_RPC=http://127.0.0.1:9545 SPILLWAY_CHAIN_ID=51717 python web3py.py sends

A theme prints one line for each thing that it checked; the first failure ends the process with code 1.
"""

import asyncio
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eth_account import Account
from web3 import AsyncWeb3, HTTPProvider, Web3, WebSocketProvider
from web3.exceptions import (
    BlockNotFound,
    ContractCustomError,
    ContractLogicError,
    MethodUnavailable,
    TransactionNotFound,
    Web3RPCError,
)

URL = os.environ["SPILLWAY_RPC"]
CHAIN_ID = int(os.environ["SPILLWAY_CHAIN_ID"])
TOKEN = Web3.to_checksum_address(os.environ["SPILLWAY_TOKEN"])
MNEMONIC = "test test test test test test test test test test test junk"
TOKEN = Web3.to_checksum_address(os.environ["SPILLWAY_TOKEN"])
INITIAL_TOKENS = 1_000_000 * 10**6
WITHDRAW = "0x5350000000000000000000000000000000000001"
PAYOUT = "0x5350000000000000000000000000000000000002"
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
ARTIFACTS = Path(__file__).parent / "../../bridge-contracts/artifacts"
INITIAL_BALANCE = Web3.to_wei(1_000, "ether")
VALUE = Web3.to_wei("0.25", "ether")

# Longest wait for anything that a healthy node does at once, in seconds.
PATIENCE = 60
POLL = 0.02

Account.enable_unaudited_hdwallet_features()
w3 = Web3(HTTPProvider(URL, request_kwargs={"timeout": PATIENCE}))


def account_at(index):
    return Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")


alice = account_at(0)
bob = account_at(1)


def shown(what):
    print(f"ok  {what}")


def check(condition, what):
    """`assert` would vanish under `python -O`."""
    if not condition:
        raise AssertionError(what)


def equal(found, expected, what):
    check(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def template(kind="1559"):
    """Fields of a transfer, with fees that stay sufficient for the whole test."""
    price = w3.eth.get_block("latest")["baseFeePerGas"] * 4 + 10**9
    fields = {"chainId": CHAIN_ID, "to": bob.address, "value": VALUE, "gas": 21_000}
    if kind == "1559":
        return fields | {"maxFeePerGas": price, "maxPriorityFeePerGas": 0}
    if kind == "2930":
        return fields | {"type": 1, "gasPrice": price, "accessList": []}
    return fields | {"gasPrice": price}


def signed(nonce, kind="1559", **changes):
    return alice.sign_transaction(template(kind) | {"nonce": nonce} | changes).raw_transaction


def signed_row(count):
    """Signed transfers from Alice to Bob with consecutive nonces from her next one."""
    nonce = w3.eth.get_transaction_count(alice.address)
    fields = template()
    return [alice.sign_transaction(fields | {"nonce": nonce + i}).raw_transaction for i in range(count)]


def receipt_of(tx_hash):
    return w3.eth.wait_for_transaction_receipt(tx_hash, timeout=PATIENCE, poll_latency=POLL)


def balances():
    return w3.eth.get_balance(alice.address), w3.eth.get_balance(bob.address)


def check_balances(before, receipts):
    """Alice's receipts moved VALUE each to Bob, and nothing else."""
    fees = sum(receipt["gasUsed"] * receipt["effectiveGasPrice"] for receipt in receipts)
    moved = VALUE * len(receipts)
    equal(balances(), (before[0] - moved - fees, before[1] + moved), "balances")


def connects():
    check(w3.is_connected(), "not connected")
    check(w3.client_version != "", "no client version")
    equal(w3.eth.chain_id, CHAIN_ID, "chain id")
    equal(w3.net.version, str(CHAIN_ID), "network id")
    shown("client version, chain id and network id")
    for index in range(20):
        equal(w3.eth.get_balance(account_at(index).address), INITIAL_BALANCE, f"balance of account {index}")
    shown("20 funded accounts")
    equal(bytes(w3.eth.get_code(bob.address)), b"", "code of an account")
    equal(w3.eth.syncing, False, "syncing")
    shown("an account has no code; the node is not syncing")


def sends():
    for kind, type_number in {"legacy": 0, "2930": 1, "1559": 2}.items():
        before = balances()
        raw = signed(w3.eth.get_transaction_count(alice.address), kind)
        tx_hash = w3.eth.send_raw_transaction(raw)
        equal(tx_hash, Web3.keccak(raw), "hash")
        receipt = receipt_of(tx_hash)
        equal(receipt["status"], 1, "status")
        equal(receipt["type"], type_number, "type")
        equal(receipt["from"], alice.address, "from")
        equal(receipt["to"], bob.address, "to")
        equal(receipt["gasUsed"], 21_000, "gasUsed")
        equal(receipt["contractAddress"], None, "contractAddress")
        equal(receipt["logs"], [], "logs")
        block = w3.eth.get_block(receipt["blockHash"])
        equal(block["number"], receipt["blockNumber"], "block number")
        equal(block["transactions"][receipt["transactionIndex"]], tx_hash, "transaction in block")
        check_balances(before, [receipt])
        shown(f"a {kind} transfer: receipt and exact balances")


def sends_with_middleware():
    """The library signs, and fills in nonce, gas and fees by itself."""
    from web3.middleware import SignAndSendRawMiddlewareBuilder

    signing = Web3(HTTPProvider(URL, request_kwargs={"timeout": PATIENCE}))
    signing.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(alice), layer=0)
    before = balances()
    tx_hash = signing.eth.send_transaction({"from": alice.address, "to": bob.address, "value": VALUE})
    check_balances(before, [receipt_of(tx_hash)])
    shown("a transfer that the library filled in")


def sends_in_parallel():
    before = balances()
    with ThreadPoolExecutor(max_workers=50) as pool:
        hashes = list(pool.map(w3.eth.send_raw_transaction, signed_row(50)))
    check_balances(before, [receipt_of(tx_hash) for tx_hash in hashes])
    shown("50 transfers at once, nonces given by the client")


def sends_reversed():
    before = balances()
    hashes = [w3.eth.send_raw_transaction(raw) for raw in reversed(signed_row(10))]
    check_balances(before, [receipt_of(tx_hash) for tx_hash in hashes])
    shown("10 transfers with nonces from the highest to the lowest")


def resends():
    before = balances()
    [raw] = signed_row(1)
    tx_hash = w3.eth.send_raw_transaction(raw)
    receipt = receipt_of(tx_hash)
    equal(w3.eth.send_raw_transaction(raw), tx_hash, "hash of the second sending")
    equal(receipt_of(tx_hash), receipt, "receipt after the second sending")
    check_balances(before, [receipt])
    shown("the same transaction twice is one transfer")


def reads():
    [raw] = signed_row(1)
    tx_hash = w3.eth.send_raw_transaction(raw)
    receipt = receipt_of(tx_hash)
    full = w3.eth.get_block(receipt["blockNumber"], full_transactions=True)
    equal(full["hash"], receipt["blockHash"], "block hash")
    tx = w3.eth.get_transaction(tx_hash)
    equal([each for each in full["transactions"] if each["hash"] == tx_hash], [tx], "transaction in block")
    equal((tx["from"], tx["to"], tx["value"]), (alice.address, bob.address, VALUE), "transaction")
    shown("a block by number with its transactions")
    brief = w3.eth.get_block(receipt["blockHash"])
    equal(brief["number"], receipt["blockNumber"], "block number")
    equal(w3.eth.get_block(brief["parentHash"])["number"], receipt["blockNumber"] - 1, "parent")
    shown("a block and its parent by hash")
    failure(BlockNotFound, lambda: w3.eth.get_block(10**9))
    failure(TransactionNotFound, lambda: w3.eth.get_transaction(b"\0" * 32))
    failure(TransactionNotFound, lambda: w3.eth.get_transaction_receipt(b"\0" * 32))
    shown("what does not exist is not found")


def estimates():
    base_fee = w3.eth.get_block("latest")["baseFeePerGas"]
    check(w3.eth.gas_price >= base_fee, "gas price below the base fee")
    check(w3.eth.max_priority_fee >= 0, "priority fee")
    equal(w3.eth.estimate_gas({"from": alice.address, "to": bob.address, "value": VALUE}), 21_000, "gas")
    history = w3.eth.fee_history(4, "latest", [25, 75])
    equal(len(history["baseFeePerGas"]), len(history["gasUsedRatio"]) + 1, "length of the fee history")
    shown("fees, gas and fee history")


def batches():
    """The library batches reads only."""
    receipts = [receipt_of(w3.eth.send_raw_transaction(raw)) for raw in signed_row(3)]
    with w3.batch_requests() as batch:
        batch.add(w3.eth.get_balance(bob.address))
        batch.add(w3.eth.get_block("latest"))
        for receipt in receipts:
            batch.add(w3.eth.get_transaction_receipt(receipt["transactionHash"]))
        balance, block, *found = batch.execute()
    equal(balance, w3.eth.get_balance(bob.address), "balance")
    check(block["number"] >= receipts[-1]["blockNumber"], "number of the latest block")
    equal(found, receipts, "receipts")
    shown("one batch of five reads")


async def subscription():
    async with AsyncWeb3(WebSocketProvider(URL.replace("http", "ws", 1))) as socket:
        await socket.eth.subscribe("newHeads")
        heads = socket.socket.process_subscriptions()
        await anext(heads)
        [raw] = signed_row(1)
        wanted = await socket.eth.send_raw_transaction(raw)
        async for message in heads:
            head = message["result"]
            block = await socket.eth.get_block(head["hash"])
            equal(block["number"], head["number"], "number of the head")
            if wanted in block["transactions"]:
                return


def subscribes():
    asyncio.run(asyncio.wait_for(subscription(), PATIENCE))
    shown("newHeads by WebSocket shows the block of a transfer")


TRANSFER = {
    "type": "event",
    "name": "Transfer",
    "anonymous": False,
    "inputs": [
        {"name": "from", "type": "address", "indexed": True},
        {"name": "to", "type": "address", "indexed": True},
        {"name": "value", "type": "uint256", "indexed": False},
    ],
}
ZERO_ADDRESS = "0x" + "00" * 20


def transfers(events):
    return [(event["args"]["from"], event["args"]["to"], event["args"]["value"]) for event in events]


def token_transfer(amount):
    data = "0xa9059cbb" + bob.address[2:].lower().rjust(64, "0") + f"{amount:064x}"
    nonce = w3.eth.get_transaction_count(alice.address)
    return signed(nonce, to=TOKEN, value=0, data=data, gas=30_000)


async def log_subscription(raw):
    async with AsyncWeb3(WebSocketProvider(URL.replace("http", "ws", 1))) as socket:
        await socket.eth.subscribe("logs", {"address": TOKEN})
        messages = socket.socket.process_subscriptions()
        wanted = await socket.eth.send_raw_transaction(raw)
        log = (await anext(messages))["result"]
        equal(log["transactionHash"], wanted, "transaction of the log")
        return log


def logs():
    token = w3.eth.contract(address=TOKEN, abi=[TRANSFER])
    polled = token.events.Transfer.create_filter(from_block="latest")
    receipt = receipt_of(w3.eth.send_raw_transaction(token_transfer(5)))
    want = [(alice.address, bob.address, 5)]
    found = token.events.Transfer.get_logs(from_block=receipt["blockNumber"], argument_filters={"to": bob.address})
    equal(transfers(found), want, "events by getLogs")
    equal(transfers(token.events.Transfer().process_receipt(receipt)), want, "events in the receipt")
    equal(transfers(polled.get_new_entries()), want, "events by filter")
    equal(polled.get_new_entries(), [], "events of a second poll")
    shown("a Transfer event by getLogs, in its receipt and by filter")
    log = asyncio.run(asyncio.wait_for(log_subscription(token_transfer(6)), PATIENCE))
    equal(transfers([token.events.Transfer().process_log(log)]), [(alice.address, bob.address, 6)], "event")
    shown("and by subscription")


def deposits():
    """Those that fund the accounts: their transaction has no signature, and is read like any other."""
    token = w3.eth.contract(address=TOKEN, abi=[TRANSFER])
    minted = token.events.Transfer.get_logs(from_block=0, argument_filters={"from": ZERO_ADDRESS})
    equal(len(minted), 20, "deposits of tokens")
    tx = w3.eth.get_transaction(minted[0]["transactionHash"])
    equal(tx["from"], "0x5350000000000000000000000000000000000000", "sender")
    receipt = w3.eth.get_transaction_receipt(tx["hash"])
    check(minted[0]["logIndex"] in [log["logIndex"] for log in receipt["logs"]], "the receipt's logs")
    block = w3.eth.get_block(receipt["blockHash"], full_transactions=True)
    equal(block["transactions"][receipt["transactionIndex"]], tx, "transaction in its block")
    shown("deposits are Transfer events of a transaction that block, receipt and hash agree on")


def failure(kind, attempt):
    """The error of class `kind` that `attempt` raises."""
    try:
        found = attempt()
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got {found!r}")


def refused(code, words, raw):
    error = failure(Web3RPCError, lambda: w3.eth.send_raw_transaction(raw))
    answer = error.rpc_response["error"]
    equal(answer["code"], code, f"code of {answer['message']!r}")
    check(words in answer["message"], f"{answer['message']!r} does not say {words!r}")
    shown(f"Web3RPCError {code}: {answer['message']}")


def errors():
    nonce = w3.eth.get_transaction_count(alice.address)
    receipt_of(w3.eth.send_raw_transaction(signed(nonce)))
    refused(-32000, "insufficient funds for gas * price + value", signed(nonce + 1, value=INITIAL_BALANCE * 2))
    refused(-32000, "nonce too low", signed(nonce, value=VALUE + 1))
    refused(-32000, "intrinsic gas too low", signed(nonce + 1, gas=20_999))
    refused(-32000, "less than block base fee", signed(nonce + 1, maxFeePerGas=1))
    refused(-32000, "invalid chain id", signed(nonce + 1, chainId=CHAIN_ID + 1))
    failure(MethodUnavailable, lambda: w3.manager.request_blocking("eth_noSuchMethod", []))
    shown("MethodUnavailable for a method that does not exist")


def contract(address, name):
    """A contract by its published ABI."""
    abi = json.loads((ARTIFACTS / f"{name}.json").read_text())["abi"]
    return w3.eth.contract(address=address, abi=abi)


def calls():
    erc20 = contract(TOKEN, "TokenFacade")
    deadline = time.monotonic() + PATIENCE
    while erc20.functions.name().call() != "Spillway development token":
        check(time.monotonic() < deadline, "the name that L1 says did not come")
        time.sleep(POLL)
    equal(erc20.functions.symbol().call(), "DEVT", "symbol")
    equal(erc20.functions.decimals().call(), 6, "decimals")
    equal(erc20.functions.totalSupply().call(), 20 * INITIAL_TOKENS, "supply")
    balance_of = erc20.functions.balanceOf(alice.address)
    equal(balance_of.call(), INITIAL_TOKENS, "balance")
    shown("name, symbol, decimals, supply and balance of a token")
    multicall = contract(MULTICALL3, "Multicall3")
    call = (TOKEN, False, balance_of._encode_transaction_data())
    results = multicall.functions.aggregate3([call]).call()
    equal(int.from_bytes(results[0][1]), INITIAL_TOKENS, "balance by Multicall3")
    shown("a balance by Multicall3")
    transfer = erc20.functions.transfer(bob.address, INITIAL_TOKENS + 1)
    error = failure(ContractCustomError, lambda: transfer.call({"from": alice.address}))
    reason = Web3.keccak(text="ERC20InsufficientBalance(address,uint256,uint256)")[:4]
    reason += w3.codec.encode(["address", "uint256", "uint256"], [alice.address, INITIAL_TOKENS, INITIAL_TOKENS + 1])
    equal(error.data, Web3.to_hex(reason), "data of the revert")
    approve = erc20.functions.approve(bob.address, 1)
    error = failure(ContractLogicError, lambda: approve.estimate_gas({"from": alice.address}))
    check("no allowances on this chain" in str(error), error)
    shown("a transfer of too much and an approval revert, and say why")


def writes_contracts():
    erc20 = contract(TOKEN, "TokenFacade")
    payees = [(alice.address, 7), (bob.address, 7)]
    price = w3.eth.get_block("latest")["baseFeePerGas"] * 4 + 10**9
    for function, value, gas in [
        (erc20.functions.transfer(bob.address, 5), 0, 30_000),
        (contract(PAYOUT, "IPayout").functions.payout(payees), 14, 45_000),
        (contract(WITHDRAW, "IWithdraw").functions.withdrawToken(TOKEN, 12, alice.address), 0, 60_000),
    ]:
        nonce = w3.eth.get_transaction_count(alice.address)
        fields = {"from": alice.address, "nonce": nonce, "value": value, "chainId": CHAIN_ID}
        fields |= {"maxFeePerGas": price, "maxPriorityFeePerGas": 0}
        transaction = function.build_transaction(fields)
        equal(transaction["gas"], gas, "estimate")
        raw = alice.sign_transaction(transaction).raw_transaction
        receipt = receipt_of(w3.eth.send_raw_transaction(raw))
        equal((receipt["status"], receipt["gasUsed"]), (1, gas), "receipt")
    equal(erc20.functions.balanceOf(alice.address).call(), INITIAL_TOKENS - 17, "balance")
    shown("a transfer, a payout and a withdrawal through their ABI")


THEMES = [
    connects,
    sends,
    sends_with_middleware,
    sends_in_parallel,
    sends_reversed,
    resends,
    reads,
    estimates,
    batches,
    subscribes,
    logs,
    deposits,
    errors,
    calls,
    writes_contracts,
]


def main():
    themes = {theme.__name__: theme for theme in THEMES}
    if len(sys.argv) != 2 or sys.argv[1] not in themes:
        sys.exit(f"name a theme: {', '.join(themes)}")
    themes[sys.argv[1]]()


if __name__ == "__main__":
    main()
