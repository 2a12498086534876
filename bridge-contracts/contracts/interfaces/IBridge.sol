// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Batch} from "../libraries/Batches.sol";
import {Account, State, Withdrawal} from "../libraries/States.sol";

/// @title Custody of what the rollup holds
/// @notice Funds come in by deposits (`IInbox`) and leave in three ways: a claim of a withdrawal under a final state root, an exit of an
/// account once the rollup has escaped, and a refund of a deposit that it never consumed. There is no pause and no upgrade.
/// Who cannot wait for finality lets somebody advance a withdrawal, for a fee: that one pays the recipient at once out of their own
/// money, and is paid in the recipient's place by the claim.
/// @dev `custody(token)` is what was deposited less what was paid. It stays below 2^128, and so does the supply on L2.
interface IBridge {
    /// @notice A token was listed.
    /// @param token Its number on L2, assigned in order of listing from 1.
    /// @param baseExponent The exponent that short amounts count from, docs/protocol.md, "Amounts".
    event TokenListed(uint8 indexed token, address indexed tokenAddress, uint8 decimals, uint8 baseExponent);
    /// @notice A withdrawal was paid out of custody.
    /// @param recipient Who got it: the advancer if it was advanced, else the withdrawal's recipient.
    event WithdrawalPaid(
        uint32 indexed index, address indexed recipient, address indexed account, uint8 token, uint128 amount
    );
    /// @notice A withdrawal was advanced: its recipient got `amount - fee` from the advancer, whom the claim is going to pay `amount`.
    event WithdrawalAdvanced(
        uint32 indexed index,
        address indexed advancer,
        address indexed account,
        address recipient,
        uint8 token,
        uint128 amount,
        uint128 fee
    );
    /// @notice A payment failed: the recipient or the token refused it, or it needs more than `PAYOUT_GAS`. It can be claimed again.
    event WithdrawalFailed(uint32 indexed index, address indexed recipient, uint8 token, uint128 amount);
    /// @notice An account's balance of a token left by an exit.
    event Exited(uint32 indexed account, address indexed owner, address recipient, uint8 token, uint128 amount);

    /// @notice Only the timelock may do that.
    error NotGovernance(address caller);
    /// @notice Only the inbox may do that.
    error NotInbox(address caller);
    /// @notice Only the bridge itself may do that.
    error NotBridge(address caller);
    /// @notice The token is listed already.
    error AlreadyListed(address token);
    /// @notice The token is not listed. List it through the timelock.
    error NotListed(address token);
    /// @notice No token has that number.
    error UnknownToken(uint8 token);
    /// @notice All 255 numbers are taken.
    error TooManyTokens();
    /// @notice There is no contract at that address.
    error NotAContract(address token);
    /// @notice More decimals than amounts on L2 can express: 38.
    error TooManyDecimals(uint256 decimals);
    /// @notice The bridge, or the recipient of an advance, received something else than was sent: a token with a fee on transfer, or one
    /// that rebases.
    error WrongReceipt(uint256 expected, uint256 received);
    /// @notice The bridge lost something else than was paid.
    error WrongPayment(uint256 expected, uint256 lost);
    /// @notice Custody of a token must stay below 2^128.
    error CustodyFull(address token);
    /// @notice That is not the preimage of the batch's state root.
    error WrongState(bytes32 stateRoot);
    /// @notice A claim of no withdrawal.
    error NoWithdrawals();
    /// @notice Indices must be strictly ascending and below the state's count of withdrawals, or of accounts.
    error WrongIndex(uint32 index);
    /// @notice The proof leads to another root of the withdrawals or the accounts.
    error WrongProof(bytes32 root);
    /// @notice Every withdrawal of the claim was paid before or could not be paid now.
    error NothingPaid();
    /// @notice The transaction has too little gas for a payment to get `PAYOUT_GAS`.
    error TooLittleGas(uint256 left);
    /// @notice The consent to an advance has expired. Ask the account for a new one.
    error Expired(uint64 deadline);
    /// @notice An advance costs more than the withdrawal is worth.
    error FeeTooHigh(uint128 fee, uint128 amount);
    /// @notice The bridge itself cannot be paid in advance, and nobody can advance what they are to receive.
    error NothingToAdvance(address recipient);
    /// @notice The withdrawal with that index was claimed.
    error AlreadyClaimed(uint32 index);
    /// @notice Somebody has advanced the withdrawal.
    error AlreadyAdvanced(uint32 index, address advancer);
    /// @notice The withdrawal's account has not signed for that fee and deadline.
    error WrongSignature(address account);
    /// @notice The transaction must carry the withdrawal's amount less the fee if that is in ETH, and nothing if it is in a token.
    error WrongValue(uint256 expected, uint256 received);
    /// @notice Only the account itself may choose another recipient.
    error NotAccountOwner(address owner, address caller);
    /// @notice The account has exited with that token before.
    error AlreadyExited(uint32 account, uint8 token);
    /// @notice The account holds none of that token.
    error NothingHeld(uint32 account, uint8 token);

    /// @notice Lists an ERC-20 token, for good. Only the timelock. Reads its decimals once; later changes of them mean nothing here.
    /// @return id Its number on L2.
    function listToken(address token) external returns (uint8 id);

    /// @notice Takes ETH into custody. Only the inbox.
    function depositEth() external payable;

    /// @notice Takes an ERC-20 token into custody, by the allowance that `from` has given to the bridge. Only the inbox, for its caller.
    /// @return id The token's number on L2.
    function depositToken(address token, address from, uint128 amount) external returns (uint8 id);

    /// @notice Pays a deposit back. Only the inbox.
    function refund(uint8 token, address to, uint128 amount) external;

    /// @notice Pays withdrawals to their recipients, or to who has advanced them, each once. Anyone may call it. The batch is made final if it can be.
    /// @dev Skips withdrawals that were paid before. One that fails does not stop the others, and can be claimed again.
    /// @param number The batch's number.
    /// @param batch The batch: its header and submission.
    /// @param state The preimage of its state root.
    /// @param withdrawals What to pay, by strictly ascending index.
    /// @param siblings The multiproof of their leaves, docs/protocol.md, "Multiproofs".
    /// @return paid Withdrawals paid, at least one.
    function claim(
        uint64 number,
        Batch calldata batch,
        State calldata state,
        Withdrawal[] calldata withdrawals,
        bytes32[] calldata siblings
    ) external returns (uint256 paid);

    /// @notice Pays `withdrawal.amount - fee` to the withdrawal's recipient now, out of the caller's money: ETH that comes with the call,
    /// or a token by the caller's allowance to the bridge. In return the claim pays the whole amount to the caller. Custody does not change.
    /// Anyone may call it with the account's consent.
    /// @dev Nothing here says that the withdrawal exists: the caller makes sure of that, since the bridge repays nothing that is in no final
    /// state. It gives the recipient all the gas that there is.
    /// @param withdrawal What is advanced, in every field as it is on L2.
    /// @param fee What the advance costs, at most the amount, in the token's smallest unit.
    /// @param deadline The last second of L1's time at which the consent holds.
    /// @param signature By `withdrawal.account`, of docs/protocol.md, "Fast withdrawals": by its key, or by ERC-1271 if it has code.
    function advance(Withdrawal calldata withdrawal, uint128 fee, uint64 deadline, bytes calldata signature)
        external
        payable;

    /// @notice Pays balances of an account out, once the rollup has escaped and every batch is final or fallen. Each balance leaves once.
    /// Anyone may call it for the account's own address; the account itself may choose another recipient. Reverts if one of the balances
    /// cannot be paid: leave it out.
    /// @param batch The last final batch.
    /// @param state The preimage of its state root.
    /// @param account The account as it is under that root.
    /// @param siblings The multiproof of its leaf.
    /// @param tokens Which balances; 0 is ETH.
    /// @param recipient Who is paid.
    function exit(
        Batch calldata batch,
        State calldata state,
        Account calldata account,
        bytes32[] calldata siblings,
        uint8[] calldata tokens,
        address recipient
    ) external;

    /// @notice Gas that a payment may use, the bridge's bookkeeping included: enough for any sound token and for a contract's receive
    /// function.
    function PAYOUT_GAS() external view returns (uint256);

    /// @notice Whether the withdrawal at that index was paid out of custody.
    function claimed(uint32 index) external view returns (bool);

    /// @notice Who has advanced that very withdrawal; zero if nobody has. Stays when it is claimed.
    function advancedBy(Withdrawal calldata withdrawal) external view returns (address);

    /// @notice Whether the account at that index has exited with a token.
    function exited(uint32 account, uint8 token) external view returns (bool);

    /// @notice What was deposited of a token less what was paid, in its smallest unit. The zero address is ETH.
    function custody(address token) external view returns (uint128);

    /// @notice The number of a listed token; 0 for the zero address, which is ETH. Reverts for others.
    function tokenId(address token) external view returns (uint8);

    /// @notice The address of a token by its number; zero for ETH. Reverts for numbers not assigned.
    function tokenAddress(uint8 id) external view returns (address);

    /// @notice The base exponent of a listed token; 12 for ETH. Reverts for others.
    function baseExponent(address token) external view returns (uint8);

    /// @notice Numbers assigned, ETH's included.
    function tokenCount() external view returns (uint256);

    /// @notice The queue that deposits come from.
    function inbox() external view returns (address);

    /// @notice The contract that keeps the batches.
    function rollup() external view returns (address);

    /// @notice The timelock.
    function governance() external view returns (address);
}
