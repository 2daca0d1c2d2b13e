import Accounting
import Engine
import Quantities
import Synchronization

/// A call of an administrator, with everything that a repetition needs.
enum AdministrativeCall: Sendable {
    case createOrganisation(name: String, zone: String)
    case createProject(organisation: String, name: String)
    case createKey(organisation: String, name: String, project: String?)
    case rotateKey(organisation: String, name: String)
    case revokeKey(organisation: String, name: String)
    case grant(organisation: String, request: GrantRequest)
    case cap(organisation: String, target: CapTarget, period: CapPeriod, amount: Amount?)
    case close(organisation: String)
    case plan(organisation: String, name: String, start: PlanStart)
    case coupon(organisation: String, code: String)
    case billing(organisation: String, mode: BillingMode)
    case adjust(organisation: String, request: AdjustmentRequest)
    case refund(organisation: String, request: RefundRequest)
    case alerts(organisation: String, rules: AlertRules?)
    case purchase(organisation: String, request: PurchaseRequest)
    case confirm(organisation: String, purchase: UInt32, payment: String)
    case fail(organisation: String, purchase: UInt32)
    case topUp(organisation: String, request: TopUpRequest)
    case correct(organisation: String, correction: Rerated)

    var organisation: String {
        switch self {
        case .createOrganisation(let name, _): name
        case .createProject(let organisation, _), .createKey(let organisation, _, _),
            .rotateKey(let organisation, _), .revokeKey(let organisation, _),
            .grant(let organisation, _), .cap(let organisation, _, _, _), .close(let organisation),
            .plan(let organisation, _, _), .coupon(let organisation, _),
            .billing(let organisation, _), .adjust(let organisation, _),
            .refund(let organisation, _), .alerts(let organisation, _),
            .purchase(let organisation, _), .confirm(let organisation, _, _),
            .fail(let organisation, _), .topUp(let organisation, _),
            .correct(let organisation, _):
            organisation
        }
    }
}

/// What became of a call.
enum AdministrativeAnswer: Sendable {
    case done
    case secret(String)
    case granted(GrantReceipt)
    case refund(RefundOutcome)
    case purchased(PurchaseReceipt)
    case failed(AdministrationError)
}

/// Where a task leaves its answer.
final class AnswerBox: Sendable {
    private let answer = Mutex<AdministrativeAnswer?>(nil)

    func put(_ new: AdministrativeAnswer) { answer.withLock { $0 = new } }
    func take() -> AdministrativeAnswer? { answer.withLock { $0.take() } }
}
