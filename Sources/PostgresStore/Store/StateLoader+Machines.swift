import Accounting
import Quantities

extension StateLoader {
    func addDeployments(
        _ range: String,
        to loaded: inout [OrganisationSnapshot]
    ) throws(StoreError) {
        try merge(
            """
            SELECT org, deployment, state FROM deployments
            WHERE org \(range) ORDER BY org, deployment
            """,
            into: &loaded
        ) { (row, organisation) throws(StoreError) in
            let number = try row.number()
            guard let deployment = Deployment(encoded: try row.byteArray()),
                deployment.number == number
            else {
                throw .inconsistent(
                    "deployment \(number) of organisation \(organisation.org) is not readable"
                )
            }
            organisation.deployments.append(deployment)
        }
    }
}
