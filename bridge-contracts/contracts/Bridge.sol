// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IBridge} from "./interfaces/IBridge.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Amounts} from "./libraries/Amounts.sol";
import {Batch} from "./libraries/Batches.sol";
import {FastWithdrawals} from "./libraries/FastWithdrawals.sol";
import {Marks} from "./libraries/Marks.sol";
import {Multiproof} from "./libraries/Multiproof.sol";
import {Account, State, States, Withdrawal} from "./libraries/States.sol";

/// @title Bridge
/// @notice See `IBridge`.
contract Bridge is IBridge, ReentrancyGuardTransient {
    using Marks for Marks.Map;
    using SafeERC20 for IERC20;

    /// @dev What a deposit reads and writes of a token, in one word.
    struct Token {
        uint128 custody;
        uint8 id;
        uint8 baseExponent;
        bool listed;
    }

    /// @inheritdoc IBridge
    uint256 public constant PAYOUT_GAS = 300_000;
    /// @dev Leaves `PAYOUT_GAS` for the call after the 1/64 that stays behind, and what the call itself costs.
    uint256 private constant GAS_BEFORE_PAYOUT = PAYOUT_GAS * 64 / 63 + 5_000;
    uint256 private constant MAX_TOKENS = 256;
    uint8 private constant ETH_DECIMALS = 18;
    address private constant ETH = address(0);

    /// @inheritdoc IBridge
    address public immutable inbox;
    /// @inheritdoc IBridge
    address public immutable rollup;
    /// @inheritdoc IBridge
    address public immutable governance;

    mapping(address token => Token) private _tokens;
    address[] private _addresses;
    /// @dev Claimed: the withdrawal of that index was paid out of custody. Advanced: some withdrawal that had that index was; which, `_advancers` says.
    Marks.Map private _marks;
    /// @dev By leaf, because an index may mean another withdrawal after batches fell.
    mapping(bytes32 leaf => address) private _advancers;
    /// @dev A bit for each token of an account.
    mapping(uint32 account => uint256) private _exited;

    modifier onlyInbox() {
        if (msg.sender != inbox) revert NotInbox(msg.sender);
        _;
    }

    /// @param inbox_ Where the inbox is, or is going to be.
    /// @param rollup_ Where the rollup is, or is going to be. Its constructor checks that the three contracts agree.
    /// @param governance_ The timelock that lists tokens.
    constructor(address inbox_, address rollup_, address governance_) {
        inbox = inbox_;
        rollup = rollup_;
        governance = governance_;
        _addListing(ETH, ETH_DECIMALS);
    }

    /// @inheritdoc IBridge
    function listToken(address token) external returns (uint8) {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        if (_tokens[token].listed) revert AlreadyListed(token);
        if (_addresses.length == MAX_TOKENS) revert TooManyTokens();
        if (token.code.length == 0) revert NotAContract(token);
        uint8 decimals = IERC20Metadata(token).decimals();
        if (decimals > Amounts.MAX_DECIMALS) revert TooManyDecimals(decimals);
        return _addListing(token, decimals);
    }

    /// @inheritdoc IBridge
    function depositEth() external payable onlyInbox {
        // No guard: it calls nobody, and who is paid may deposit at once what it receives.
        _add(_tokens[ETH], ETH, uint128(msg.value));
    }

    /// @inheritdoc IBridge
    function depositToken(address token, address from, uint128 amount) external onlyInbox nonReentrant returns (uint8) {
        if (token == ETH) revert NotListed(token);
        Token storage record = _listed(token);
        _add(record, token, amount);

        uint256 before = IERC20(token).balanceOf(address(this));
        // `from` is the inbox's caller, who gave the allowance.
        // slither-disable-next-line arbitrary-send-erc20
        IERC20(token).safeTransferFrom(from, address(this), amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert WrongReceipt(amount, received);
        return record.id;
    }

    /// @inheritdoc IBridge
    function refund(uint8 token, address to, uint128 amount) external onlyInbox nonReentrant {
        _send(tokenAddress(token), to, amount);
    }

    /// @inheritdoc IBridge
    function claim(
        uint64 number,
        Batch calldata batch,
        State calldata state,
        Withdrawal[] calldata withdrawals,
        bytes32[] calldata siblings
    ) external nonReentrant returns (uint256 paid) {
        _checkState(IRollup(rollup).finalStateRoot(number, batch), state);
        _checkWithdrawals(state, withdrawals, siblings);
        for (uint256 i = 0; i < withdrawals.length; ++i) {
            if (_payOnce(withdrawals[i])) ++paid;
        }
        if (paid == 0) revert NothingPaid();
    }

    /// @inheritdoc IBridge
    function advance(Withdrawal calldata withdrawal, uint128 fee, uint64 deadline, bytes calldata signature)
        external
        payable
        nonReentrant
    {
        bytes32 leaf = States.leaf(withdrawal);
        _checkAdvance(withdrawal, leaf, fee, deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(
                withdrawal.account, FastWithdrawals.digest(withdrawal, fee, deadline), signature
            )) revert WrongSignature(withdrawal.account);

        _advancers[leaf] = msg.sender;
        _marks.advance(withdrawal.index);
        emit WithdrawalAdvanced(
            withdrawal.index,
            msg.sender,
            withdrawal.account,
            withdrawal.recipient,
            withdrawal.token,
            withdrawal.amount,
            fee
        );
        _payFromCaller(tokenAddress(withdrawal.token), withdrawal.recipient, withdrawal.amount - fee);
    }

    /// @inheritdoc IBridge
    function exit(
        Batch calldata batch,
        State calldata state,
        Account calldata account,
        bytes32[] calldata siblings,
        uint8[] calldata tokens,
        address recipient
    ) external nonReentrant {
        if (recipient != account.owner && msg.sender != account.owner) {
            revert NotAccountOwner(account.owner, msg.sender);
        }
        _checkState(IRollup(rollup).settledStateRoot(batch), state);
        _checkAccount(state, account, siblings);
        for (uint256 i = 0; i < tokens.length; ++i) {
            _exitOnce(account, tokens[i], recipient);
        }
    }

    /// @notice Sends funds within a call of its own, so that a payment that goes wrong in any way is undone and leaves the others alone.
    /// Only the bridge itself.
    function pay(address token, address to, uint128 amount) external {
        if (msg.sender != address(this)) revert NotBridge(msg.sender);
        _send(token, to, amount);
    }

    /// @inheritdoc IBridge
    function claimed(uint32 index) external view returns (bool) {
        return _marks.isClaimed(index);
    }

    /// @inheritdoc IBridge
    function advancedBy(Withdrawal calldata withdrawal) external view returns (address) {
        return _advancers[States.leaf(withdrawal)];
    }

    /// @inheritdoc IBridge
    function exited(uint32 account, uint8 token) external view returns (bool) {
        return (_exited[account] >> token) & 1 == 1;
    }

    /// @inheritdoc IBridge
    function custody(address token) external view returns (uint128) {
        return _tokens[token].custody;
    }

    /// @inheritdoc IBridge
    function tokenId(address token) external view returns (uint8) {
        return _listed(token).id;
    }

    /// @inheritdoc IBridge
    function baseExponent(address token) external view returns (uint8) {
        return _listed(token).baseExponent;
    }

    /// @inheritdoc IBridge
    function tokenCount() external view returns (uint256) {
        return _addresses.length;
    }

    /// @inheritdoc IBridge
    function tokenAddress(uint8 id) public view returns (address) {
        if (id >= _addresses.length) revert UnknownToken(id);
        return _addresses[id];
    }

    function _addListing(address token, uint8 decimals) private returns (uint8 id) {
        id = uint8(_addresses.length);
        uint8 exponent = Amounts.baseExponent(decimals);
        _addresses.push(token);
        _tokens[token] = Token({custody: 0, id: id, baseExponent: exponent, listed: true});
        emit TokenListed(id, token, decimals, exponent);
    }

    function _listed(address token) private view returns (Token storage record) {
        record = _tokens[token];
        if (!record.listed) revert NotListed(token);
    }

    function _add(Token storage record, address token, uint128 amount) private {
        uint256 sum = uint256(record.custody) + amount;
        if (sum > type(uint128).max) revert CustodyFull(token);
        record.custody = uint128(sum);
    }

    function _checkState(bytes32 stateRoot, State calldata state) private pure {
        if (States.root(state) != stateRoot) revert WrongState(stateRoot);
    }

    /// @dev The withdrawals are under the state's root, each at its index, no index twice.
    function _checkWithdrawals(State calldata state, Withdrawal[] calldata withdrawals, bytes32[] calldata siblings)
        private
        pure
    {
        uint256 length = withdrawals.length;
        if (length == 0) revert NoWithdrawals();
        uint256[] memory indices = new uint256[](length);
        bytes32[] memory leaves = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) {
            uint32 index = withdrawals[i].index;
            if (i > 0 && index <= indices[i - 1]) revert WrongIndex(index);
            if (index >= state.withdrawalCount) revert WrongIndex(index);
            indices[i] = index;
            leaves[i] = States.leaf(withdrawals[i]);
        }
        bytes32 root = Multiproof.root(indices, leaves, state.withdrawalCount, siblings);
        if (root != state.withdrawalsRoot) revert WrongProof(root);
    }

    function _checkAccount(State calldata state, Account calldata account, bytes32[] calldata siblings) private pure {
        if (account.index >= state.accountCount) revert WrongIndex(account.index);
        uint256[] memory indices = new uint256[](1);
        bytes32[] memory leaves = new bytes32[](1);
        indices[0] = account.index;
        leaves[0] = States.leaf(account);
        bytes32 root = Multiproof.root(indices, leaves, state.accountCount, siblings);
        if (root != state.accountsRoot) revert WrongProof(root);
    }

    function _checkAdvance(Withdrawal calldata withdrawal, bytes32 leaf, uint128 fee, uint64 deadline) private view {
        if (block.timestamp > deadline) revert Expired(deadline);
        if (fee > withdrawal.amount) revert FeeTooHigh(fee, withdrawal.amount);
        address recipient = withdrawal.recipient;
        // What the bridge gets outside of custody is lost, and who pays themselves advances nothing.
        if (recipient == address(this) || recipient == msg.sender) revert NothingToAdvance(recipient);
        if (_marks.isClaimed(withdrawal.index)) revert AlreadyClaimed(withdrawal.index);
        address advancer = _advancers[leaf];
        if (advancer != address(0)) revert AlreadyAdvanced(withdrawal.index, advancer);
    }

    /// @dev Marks before it pays, and takes the mark back if the payment fails.
    function _payOnce(Withdrawal calldata withdrawal) internal returns (bool) {
        uint32 index = withdrawal.index;
        (bool isNew, bool isAdvanced) = _marks.claim(index);
        if (!isNew) return false;
        address token = tokenAddress(withdrawal.token);
        address payee = isAdvanced ? _payee(withdrawal) : withdrawal.recipient;
        // A call gets at most 63/64 of what is left. Who claims for others must not make their payments fail by giving less.
        if (gasleft() < GAS_BEFORE_PAYOUT) revert TooLittleGas(gasleft());

        try this.pay{gas: PAYOUT_GAS}(token, payee, withdrawal.amount) {
            emit WithdrawalPaid(index, payee, withdrawal.account, withdrawal.token, withdrawal.amount);
            return true;
        } catch {
            _marks.unclaim(index);
            emit WithdrawalFailed(index, payee, withdrawal.token, withdrawal.amount);
            return false;
        }
    }

    /// @dev Who advanced it, or its recipient if that was another withdrawal with its index.
    function _payee(Withdrawal calldata withdrawal) private view returns (address) {
        address advancer = _advancers[States.leaf(withdrawal)];
        return advancer == address(0) ? withdrawal.recipient : advancer;
    }

    function _exitOnce(Account calldata account, uint8 token, address recipient) internal {
        uint256 bit = 1 << token;
        if (_exited[account.index] & bit != 0) revert AlreadyExited(account.index, token);
        uint128 amount = _balance(account, token);
        if (amount == 0) revert NothingHeld(account.index, token);

        _exited[account.index] |= bit;
        emit Exited(account.index, account.owner, recipient, token, amount);
        _send(tokenAddress(token), recipient, amount);
    }

    function _balance(Account calldata account, uint8 token) private pure returns (uint128) {
        if (token == 0) return account.eth;
        for (uint256 i = 0; i < account.tokens.length; ++i) {
            if (account.tokens[i].token == token) return account.tokens[i].amount;
        }
        return 0;
    }

    /// @dev The only way out. Reverts unless the bridge loses `amount` and nothing else, as far as it can see.
    function _send(address token, address to, uint128 amount) private {
        _tokens[token].custody -= amount;
        if (token == ETH) {
            Address.sendValue(payable(to), amount);
            return;
        }
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amount);
        uint256 lost = before - IERC20(token).balanceOf(address(this));
        if (lost != amount) revert WrongPayment(amount, lost);
    }

    /// @dev Moves the caller's own funds; custody has no part in it. All of them arrive, or it reverts.
    function _payFromCaller(address token, address to, uint128 amount) private {
        if (token == ETH) {
            if (msg.value != amount) revert WrongValue(amount, msg.value);
            Address.sendValue(payable(to), amount);
            return;
        }
        if (msg.value != 0) revert WrongValue(0, msg.value);
        uint256 before = IERC20(token).balanceOf(to);
        IERC20(token).safeTransferFrom(msg.sender, to, amount);
        uint256 received = IERC20(token).balanceOf(to) - before;
        if (received != amount) revert WrongReceipt(amount, received);
    }
}
